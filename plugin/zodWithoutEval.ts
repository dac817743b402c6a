/**
 * Photoshop forbids `new Function`, with which zod speeds up its schemas. Imported before anything
 * that makes a schema.
 */
import { z } from 'zod';

z.config({ jitless: true });
