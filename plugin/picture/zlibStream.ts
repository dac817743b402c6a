/** One stream of the zlib format (RFC 1950), written piece by piece by the browser's own zlib. */
export interface ZlibStream {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** What was written, deflated, in pieces. */
  end(): Promise<readonly Uint8Array[]>;
}

export function openZlibStream(): ZlibStream {
  const stream = new CompressionStream('deflate');
  const writer = stream.writable.getWriter();
  const done = readAll(stream.readable);
  // A failure is told by the call that waits for it.
  done.catch(() => undefined);
  return {
    write: (bytes) => writer.write(bytes),
    end: async () => {
      await writer.close();
      return done;
    },
  };
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts;
    parts.push(value);
  }
}
