/** Work in bands: whoever runs a band, and whatever becomes of the threads, the bytes are the same. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BandThreads } from '../../../service/engine/picture/simd/bandThreads.ts';
import type { Call, Room } from '../../../service/engine/picture/simd/bands.ts';
import { eventually } from '../../fixtures/eventually.ts';

function bytes(length: number, seed: number): Uint8Array {
  const data = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[i] = state >>> 24;
  }
  return data;
}

/** The rooms' modules afresh, in a process that seems to have so many processors. */
async function onProcessors(count: number) {
  vi.resetModules();
  vi.doMock('node:os', async (original) => ({
    ...(await original<typeof import('node:os')>()),
    availableParallelism: () => count,
  }));
  return {
    ...(await import('../../../service/engine/picture/simd/bandThreads.ts')),
    ...(await import('../../../service/engine/picture/simd/bands.ts')),
    ...(await import('../../../service/engine/picture/opencv/resize8.ts')),
    ...(await import('../../../service/engine/picture/opencv/lab8.ts')),
    ...(await import('../../../service/engine/picture/opencv/gaussianBlur8.ts')),
    ...(await import('../../../service/engine/picture/gaussian.ts')),
    ...(await import('../../../service/engine/picture/mask.ts')),
    ...(await import('../../../service/engine/picture/pillow/image8.ts')),
    ...(await import('../../../service/engine/picture/simd/distance.ts')),
    ...(await import('../../../service/engine/picture/webui/matchHistogram.ts')),
  };
}
type Rooms = Awaited<ReturnType<typeof onProcessors>>;

async function listening(threads: BandThreads | undefined, wanted: number): Promise<BandThreads> {
  if (!threads) throw new Error('Expected threads');
  await eventually(() => expect(threads.count).toBe(wanted));
  return threads;
}

/** Odd sizes: no row begins where another does. */
const [width, height] = [1021, 1013];
const operations: Record<string, (rooms: Rooms) => Uint8Array> = {
  ...Object.fromEntries(
    ([3, 4] as const).flatMap((channels) =>
      (['linear', 'cubic', 'lanczos4', 'area'] as const).map((kernel) => [
        `${kernel}, ${channels} channels`,
        ({ newImage8, resizeOpencv }: Rooms) => {
          const data = bytes(width * height * channels, channels);
          const image = newImage8(width, height, channels, data);
          const down = resizeOpencv(image, 613, 607, kernel).data;
          return Buffer.concat([down, resizeOpencv(image, 1403, 1100, kernel).data]);
        },
      ]),
    ),
  ),
  Lab: ({ newImage8, rgbToLab8, lab8ToRgb }) => {
    const lab = rgbToLab8(newImage8(width, height, 3, bytes(width * height * 3, 6)));
    return Buffer.concat([lab.data, lab8ToRgb(lab).data]);
  },
  histograms: ({ newImage8, withHistogramsOf }) => {
    const [one, other] = [7, 8].map((seed) =>
      newImage8(width, height, 3, bytes(width * height * 3, seed)),
    );
    return one && other ? withHistogramsOf(one, other).data : new Uint8Array();
  },
  'blur of bytes': ({ blurRows8, blurColumns8 }) =>
    blurRows8(blurColumns8({ width, height, data: bytes(width * height, 9) }, 25, 4), 25, 4).data,
  'blur of singles': ({ gaussianBlur }) => {
    const data = Float32Array.from(bytes(width * height, 10));
    const blurred = [1.3, 9].map((sigma) => gaussianBlur({ width, height, data }, sigma).data);
    return Buffer.concat(blurred.map((plane) => new Uint8Array(plane.buffer)));
  },
  distances: ({ distanceSquares }) => {
    const inside = bytes(width * height, 15).map((v, i) => (i % 977 === 0 ? v : 0));
    return new Uint8Array(distanceSquares(inside, { width, height }, Infinity).buffer);
  },
  feather: ({ featherMask }) => {
    const mask = { width, height, data: bytes(width * height, 11) };
    return new Uint8Array(featherMask(mask, 16).data.buffer);
  },
};

afterEach(() => {
  vi.doUnmock('node:os');
  vi.doUnmock('node:worker_threads');
  vi.restoreAllMocks();
});

describe('bands on several threads', () => {
  let [one, three]: Rooms[] = [];
  let threads: BandThreads | undefined;
  beforeAll(async () => {
    one = await onProcessors(1);
    expect(one.bandThreads()).toBeUndefined();
    three = await onProcessors(3);
    threads = await listening(three.bandThreads(), 2);
  });

  it.each(Object.keys(operations))('give the bytes of one: %s', async (name) => {
    if (!one || !three || !threads) throw new Error('Expected both');
    // One that sleeps passes over what was taken back from it when it is woken, and is asked nothing before.
    await listening(threads, 2);
    const operation = operations[name] ?? (() => new Uint8Array());
    const alone = operation(one);
    const posted = vi.spyOn(threads, 'post');
    const together = operation(three);
    expect(posted.mock.calls.map(([thread]) => thread)).toEqual(expect.arrayContaining([0, 1]));
    expect(together.length).toBeGreaterThan(0);
    expect(Buffer.compare(together, alone)).toBe(0);
  });
});

/** Bytes that come back as they are: what counts is who is asked. */
function copying(source: Uint8Array, out: Uint8Array) {
  const bandBytes = 1000;
  return {
    commonBytes: 0,
    bandBytes: bandBytes + 16,
    pictureBytes: 2 * 1024 * 1024,
    phases: [
      {
        count: source.length / bandBytes,
        mostCalls: 1,
        fill(band: number, { kernels, own }: Room, call: Call) {
          const from = band * bandBytes;
          kernels.bytes.set(source.subarray(from, from + bandBytes), own);
          call('tidySoft', own + bandBytes, own + bandBytes + 16, own + bandBytes);
        },
        take(band: number, { kernels, own }: Room) {
          out.set(kernels.bytes.subarray(own, own + bandBytes), band * bandBytes);
        },
      },
    ],
  };
}

describe('threads that fail', () => {
  it('are asked no more when they do not answer, and the work is done here', async () => {
    const rooms = await onProcessors(2);
    const threads = await listening(rooms.bandThreads(), 1);
    const post = vi.spyOn(threads, 'post').mockReturnValue(0);
    vi.spyOn(threads, 'pending').mockImplementation(() => post.mock.calls.length);
    vi.spyOn(threads, 'takeBack').mockReturnValue(false);
    vi.spyOn(threads, 'isDone').mockReturnValue(false);
    vi.spyOn(threads, 'wait').mockReturnValue(false);
    const source = bytes(20_000, 12);
    const out = new Uint8Array(source.length);
    rooms.runBands(copying(source, out), threads);
    expect(Buffer.compare(out, source)).toBe(0);
    expect(post).toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(threads.count).toBe(0);
  });

  it('are not waited for while they have not begun', async () => {
    const rooms = await onProcessors(2);
    const threads = await listening(rooms.bandThreads(), 1);
    const post = vi.spyOn(threads, 'post').mockImplementation(() => post.mock.calls.length - 1);
    vi.spyOn(threads, 'pending').mockImplementation(() => post.mock.calls.length);
    const waited = vi.spyOn(threads, 'wait');
    const source = bytes(20_000, 16);
    const out = new Uint8Array(source.length);
    rooms.runBands(copying(source, out), threads);
    expect(Buffer.compare(out, source)).toBe(0);
    expect(post).toHaveBeenCalled();
    expect(waited).not.toHaveBeenCalled();
  });

  it('are not missed where none can be started', async () => {
    vi.doMock('node:worker_threads', () => ({
      Worker: class {
        constructor() {
          throw new Error('not allowed');
        }
      },
    }));
    const rooms = await onProcessors(4);
    const source = bytes(20_000, 13);
    const out = new Uint8Array(source.length);
    rooms.runBands(copying(source, out));
    expect(rooms.bandThreads()).toBeUndefined();
    expect(Buffer.compare(out, source)).toBe(0);
  });

  it('do not run what needs more memory than they may keep', async () => {
    const rooms = await onProcessors(2);
    const threads = await listening(rooms.bandThreads(), 1);
    const post = vi.spyOn(threads, 'post');
    const source = bytes(20_000, 14);
    const out = new Uint8Array(source.length);
    rooms.runBands({ ...copying(source, out), commonBytes: 80 * 1024 * 1024 }, threads);
    expect(post).not.toHaveBeenCalled();
    expect(Buffer.compare(out, source)).toBe(0);
  });
});
