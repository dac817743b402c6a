/** onnxruntime's switches, as measured for these networks (bench/unetStep.ts). */
import type { InferenceSession } from 'onnxruntime-node';
import type { DeviceName } from './device.ts';

export interface SessionTuning {
  /**
   * Read matrices where they lie in the file: loads in an instant and takes no memory of its own, but
   * runs a few hundredths slower. Otherwise the CPU repacks them. It brings kernels of convolutions into blocks
   * of channels either way, unless the graph has them so (graph/lower/blockedConv.ts).
   */
  readonly weightsInPlace?: boolean;
  /** Give intermediate results back after each run instead of keeping their memory for the next. */
  readonly frugal?: boolean;
  /** Says nothing of its own when a run fails: somebody tries whether it does. */
  readonly silent?: boolean;
  /** Undefined: one thread per physical core. */
  readonly threads?: number | undefined;
}

export interface SessionPlace {
  readonly device: DeviceName;
  /** Folder that the model's external locations are relative to: the root of their volume. */
  readonly root?: string | undefined;
}

export function sessionOptions(
  options: SessionPlace & SessionTuning,
): InferenceSession.SessionOptions {
  const { device, root, weightsInPlace = false, frugal = false, silent = false, threads } = options;
  const [errorsOnly, fatalOnly] = [3, 4] as const;
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    logSeverityLevel: silent ? fatalOnly : errorsOnly,
    graphOptimizationLevel: 'all',
    enableCpuMemArena: !frugal,
    // A fifth of a gigabyte for no gain in time; DirectML refuses it altogether.
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        ...(root === undefined ? {} : { model_external_initializers_file_folder_path: root }),
        ...(weightsInPlace ? { disable_prepacking: '1' } : {}),
        // Outside the arena, repacked weights go back to the system when the session ends.
        use_device_allocator_for_initializers: '1',
        // Threads wait busily within a run only: between runs they sleep.
        force_spinning_stop: '1',
      },
    },
  };
}
