/** The devices that networks can run on. */

export const deviceNames = ['cpu', 'webgpu', 'cuda', 'dml'] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface Device {
  readonly name: DeviceName;
  /** What it computes in when the weights allow it; the CPU has float32 kernels only. */
  readonly precision: 'float32' | 'float16';
  /**
   * Whether a batch runs faster as one. On the CPU it does not, and one session for single items
   * keeps the weights in memory once.
   */
  readonly batches: boolean;
  /**
   * Whether LoRA files go into a network with each run, so that others need no loading. Elsewhere they
   * are made part of its weights while it loads.
   */
  readonly branches: boolean;
}

const devices: Record<DeviceName, Device> = {
  cpu: { name: 'cpu', precision: 'float32', batches: false, branches: true },
  webgpu: { name: 'webgpu', precision: 'float16', batches: true, branches: false },
  cuda: { name: 'cuda', precision: 'float16', batches: true, branches: false },
  dml: { name: 'dml', precision: 'float16', batches: true, branches: false },
};

export function isDeviceName(text: string): text is DeviceName | 'auto' {
  return text === 'auto' || Object.hasOwn(devices, text);
}

/** 'auto' is the CPU: the one device that needs no driver. The others are asked for by name. */
export function chooseDevice(name: DeviceName | 'auto'): Device {
  return devices[name === 'auto' ? 'cpu' : name];
}

/** Devices that the installed onnxruntime can try; whether there is hardware shows at the first load. */
export async function availableDevices(): Promise<readonly Device[]> {
  const { listSupportedBackends } = await import('onnxruntime-node');
  const names = new Set(listSupportedBackends().map((backend) => backend.name));
  return deviceNames.filter((name) => name === 'cpu' || names.has(name)).map(chooseDevice);
}
