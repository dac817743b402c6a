/** The one door to UXP's own module; exists only inside Photoshop. */
import type { UxpApi } from './uxpApi.ts';

declare const require: (name: 'uxp') => UxpApi;

export const uxp: UxpApi = require('uxp');
