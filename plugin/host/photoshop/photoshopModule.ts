/** The one door to Photoshop's own module; exists only inside Photoshop. */
import type { PhotoshopApi } from './photoshopApi.ts';

declare const require: (name: 'photoshop') => PhotoshopApi;

export const photoshop: PhotoshopApi = require('photoshop');
