/** The networks in use, few at a time: memory stays bounded however many sizes are asked for. */
import type { Network } from './network.ts';

export class NetworkShelf {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #networks = new Map<string, Network>();

  /** At most `capacity` networks are loaded at once, 1 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The network of that key, loaded if need be, once those used longest ago have made room. */
  async take(key: string, load: () => Promise<Network>): Promise<Network> {
    const kept = this.#networks.get(key);
    this.#networks.delete(key);
    if (!kept) await this.#shrinkTo(this.#capacity - 1);
    const network = kept ?? (await load());
    this.#networks.set(key, network);
    return network;
  }

  async clear(): Promise<void> {
    await this.#shrinkTo(0);
  }

  async #shrinkTo(count: number): Promise<void> {
    for (const [key, network] of this.#networks) {
      if (this.#networks.size <= count) return;
      this.#networks.delete(key);
      await network.dispose();
    }
  }
}
