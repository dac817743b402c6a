/**
 * Photoshop as this plugin uses it: the `photoshop` module narrowed to the members called here, in
 * the shape the documentation gives them (AdobeDocs/uxp-photoshop, ps-reference). Every use goes
 * through these types, so that a strict fake can stand in for the editor.
 */

export interface PhotoshopApi {
  readonly app: PhotoshopApp;
  readonly core: PhotoshopCore;
  readonly action: PhotoshopAction;
  readonly imaging: PhotoshopImaging;
  readonly constants: PhotoshopConstants;
}

export interface PhotoshopApp {
  /** null while no document is open. */
  activeDocument: PhotoshopDocument | null;
  readonly documents: ArrayLike<PhotoshopDocument>;
}

/** left and top belong to it, right and bottom do not; document pixels. */
export interface PhotoshopBounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A proxy: every getter asks Photoshop, and throws once the document is closed. */
export interface PhotoshopDocument {
  readonly id: number;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly mode: string;
  readonly bitsPerChannel: string;
  /** May throw on documents without a profile. */
  readonly colorProfileName: string;
  readonly colorProfileType: string;
  readonly quickMaskMode: boolean;
  readonly selection: { readonly bounds: PhotoshopBounds | null };
  readonly activeLayers: ArrayLike<PhotoshopLayer>;
  readonly artboards: ArrayLike<PhotoshopLayer>;
  readonly layers: ArrayLike<PhotoshopLayer>;
  /** Pixels; the anchor is where the present picture stays. */
  resizeCanvas(width: number, height: number, anchor: string): Promise<void>;
  createPixelLayer(options: { readonly name: string }): Promise<PhotoshopLayer | null>;
  createLayerGroup(options: { readonly name: string }): Promise<PhotoshopLayer | null>;
}

/** A proxy: getters throw once the layer is deleted. */
export interface PhotoshopLayer {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly parent: PhotoshopLayer | null;
  /** Only groups have some. */
  readonly layers: ArrayLike<PhotoshopLayer> | null;
  readonly boundsNoEffects: PhotoshopBounds;
  readonly locked: boolean;
  readonly isClippingMask: boolean;
  visible: boolean;
  move(relative: PhotoshopLayer, placement: string): Promise<void> | void;
}

interface PhotoshopCore {
  executeAsModal<T>(
    work: (context: ModalContext) => Promise<T>,
    options: { readonly commandName: string; readonly timeOut?: number },
  ): Promise<T>;
}

/** Its properties are not enumerable: never spread it. */
export interface ModalContext {
  readonly isCancelled: boolean;
  readonly hostControl: {
    suspendHistory(options: {
      readonly documentID: number;
      readonly name: string;
    }): Promise<HistorySuspension>;
    /** commit false: the document goes back to what it was at the suspension. */
    resumeHistory(suspension: HistorySuspension, commit: boolean): Promise<void>;
  };
}

/** Opaque. */
type HistorySuspension = object;

export interface ActionDescriptor {
  readonly _obj: string;
  readonly [key: string]: unknown;
}

export type NotificationListener = (event: string, descriptor: unknown) => void;

export interface PhotoshopAction {
  /** Failures may arrive as `{ _obj: 'error' }` instead of a rejection. */
  batchPlay(commands: readonly ActionDescriptor[], options: object): Promise<unknown[]>;
  addNotificationListener(
    events: readonly string[],
    listener: NotificationListener,
  ): Promise<void> | void;
  removeNotificationListener(
    events: readonly string[],
    listener: NotificationListener,
  ): Promise<void> | void;
}

/** Pixels inside Photoshop; freed by `dispose`. */
export interface PhotoshopImageData {
  readonly width: number;
  readonly height: number;
  readonly colorSpace: string;
  readonly components: number;
  readonly componentSize: 8 | 16 | 32;
  /** 16 bit: 0..32768, or 0..65535 with fullRange. 32 bit: linear light. */
  getData(options: {
    readonly chunky: boolean;
    readonly fullRange: boolean;
  }): Promise<Uint8Array | Uint16Array | Float32Array>;
  dispose(): void;
}

export interface ImageRead {
  readonly imageData: PhotoshopImageData;
  /** Trimmed to the part that has pixels. */
  readonly sourceBounds: PhotoshopBounds;
}

export interface PhotoshopImaging {
  getPixels(options: {
    readonly documentID: number;
    /** Absent: the composite. */
    readonly layerID?: number;
    readonly sourceBounds: PhotoshopBounds;
    readonly colorSpace?: 'RGB';
    readonly colorProfile?: string;
  }): Promise<ImageRead>;
  putPixels(options: {
    readonly documentID: number;
    readonly layerID: number;
    readonly imageData: PhotoshopImageData;
    readonly replace: boolean;
    readonly targetBounds: { readonly left: number; readonly top: number };
  }): Promise<void>;
  putLayerMask(options: {
    readonly documentID: number;
    readonly layerID: number;
    readonly kind: 'user';
    readonly imageData: PhotoshopImageData;
    readonly replace: boolean;
    readonly targetBounds: { readonly left: number; readonly top: number };
  }): Promise<void>;
  getSelection(options: {
    readonly documentID: number;
    readonly sourceBounds: PhotoshopBounds;
  }): Promise<ImageRead>;
  putSelection(options: {
    readonly documentID: number;
    readonly imageData: PhotoshopImageData;
    readonly replace: boolean;
    readonly targetBounds: { readonly left: number; readonly top: number };
  }): Promise<void>;
  createImageDataFromBuffer(
    buffer: Uint8Array | Uint16Array | Float32Array,
    options: {
      readonly width: number;
      readonly height: number;
      readonly components: number;
      readonly colorSpace: 'RGB' | 'Grayscale';
      readonly colorProfile?: string;
      readonly chunky: boolean;
      readonly fullRange: boolean;
    },
  ): Promise<PhotoshopImageData>;
}

export interface PhotoshopConstants {
  readonly DocumentMode: {
    readonly RGB: string;
    readonly GRAYSCALE: string;
    readonly LAB: string;
    readonly CMYK: string;
  };
  readonly BitsPerChannelType: {
    readonly EIGHT: string;
    readonly SIXTEEN: string;
    readonly THIRTYTWO: string;
  };
  readonly ColorProfileType: { readonly NONE: string };
  readonly LayerKind: {
    readonly NORMAL: string;
    readonly SMARTOBJECT: string;
    readonly GROUP: string;
    readonly TEXT: string;
  };
  readonly AnchorPosition: { readonly TOPLEFT: string; readonly BOTTOMRIGHT: string };
  readonly ElementPlacement: {
    readonly PLACEBEFORE: string;
    readonly PLACEAFTER: string;
    readonly PLACEINSIDE: string;
  };
}
