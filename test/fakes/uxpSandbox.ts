/**
 * Runs the built panel as Photoshop does: a classic script in a global of its own that has what UXP
 * has, and lacks what UXP lacks (TextDecoder, EventSource, Worker, matchMedia, eval, ...).
 */
import { webcrypto } from 'node:crypto';
import vm from 'node:vm';
import type { FakePhotoshop } from './photoshop.ts';
import type { FakeUxp } from './uxp.ts';
import { FakeDocumentNode, FakeElement, FakeEvent, FakeNode } from './uxpDom.ts';

export interface UxpSandbox {
  readonly document: FakeDocumentNode;
  /** What the script asked of `require`. */
  readonly required: string[];
  /** Evaluates the script to its end; throws what it throws. */
  run(code: string): void;
  /** Opens the panel in a node of its own. */
  openPanel(id: string): FakeElement;
  /** Clears every timer the script has set. */
  close(): void;
}

export function createUxpSandbox(photoshop: FakePhotoshop, uxp: FakeUxp): UxpSandbox {
  const document = new FakeDocumentNode();
  const required: string[] = [];
  const timers = createTimers();
  const require = (name: string) => {
    required.push(name);
    if (name === 'photoshop') return photoshop.api;
    if (name === 'uxp') return uxp.module;
    throw new Error(`UXP has no module ${name}.`);
  };
  const globals: Record<string, unknown> = {
    require,
    document,
    console: { log() {}, warn() {}, error() {} },
    ...timers.globals,
    performance: { now: () => performance.now() },
    navigator: { userAgent: 'UXP', platform: 'test' },
    localStorage: memoryStorage(),
    crypto: {
      randomUUID: () => webcrypto.randomUUID(),
      getRandomValues: (array: Uint8Array) => webcrypto.getRandomValues(array),
    },
    fetch: uxp.fetch,
    Request,
    Response,
    AbortController,
    AbortSignal,
    btoa,
    atob,
    Node: FakeNode,
    Element: FakeElement,
    HTMLElement: FakeElement,
    HTMLIFrameElement: class {},
    Event: FakeEvent,
    getSelection: () => null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    devicePixelRatio: 1,
  };
  // No code from strings (manifest v5 without allowCodeGenerationFromStrings) and no WebAssembly.
  const context = vm.createContext(globals, {
    codeGeneration: { strings: false, wasm: false },
  });
  vm.runInContext('globalThis.window = globalThis; globalThis.self = globalThis;', context);
  document.defaultView = globals;
  return {
    document,
    required,
    run: (code) => {
      vm.runInContext(code, context, { filename: 'panel.js' });
      uxp.scriptEnded();
    },
    openPanel: (id) => {
      const root = document.createElement('div');
      document.body.appendChild(root);
      uxp.openPanel(id, root as unknown as HTMLElement);
      return root;
    },
    close: timers.clearAll,
  };
}

function createTimers() {
  const timeouts = new Map<number, ReturnType<typeof setTimeout>>();
  let next = 1;
  const add = (timer: ReturnType<typeof setTimeout>) => {
    timeouts.set(next, timer);
    return next++;
  };
  const clear = (id: number | undefined) => {
    if (id === undefined) return;
    clearTimeout(timeouts.get(id));
    timeouts.delete(id);
  };
  return {
    globals: {
      setTimeout: (work: () => void, ms?: number) => add(setTimeout(work, ms)),
      setInterval: (work: () => void, ms?: number) => add(setInterval(work, ms)),
      clearTimeout: clear,
      clearInterval: clear,
    },
    clearAll: () => {
      for (const id of timeouts.keys()) clear(id);
    },
  };
}

function memoryStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, String(value)),
    removeItem: (key: string) => void items.delete(key),
  };
}
