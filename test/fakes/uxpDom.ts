/**
 * As much of a DOM as React needs and UXP offers: elements, text, attributes, events that bubble. No
 * canvas, no layout, no innerHTML.
 */

type Listener = (event: FakeEvent) => void;

export class FakeEvent {
  target: FakeNode | null = null;
  currentTarget: FakeNode | null = null;
  defaultPrevented = false;
  cancelBubble = false;
  timeStamp = 0;
  readonly isTrusted = true;
  readonly eventPhase = 0;
  readonly type: string;
  readonly bubbles: boolean;

  constructor(type: string, { bubbles = true }: { bubbles?: boolean } = {}) {
    this.type = type;
    this.bubbles = bubbles;
  }

  preventDefault(): void {
    this.defaultPrevented = true;
  }

  stopPropagation(): void {
    this.cancelBubble = true;
  }
}

class FakeEventTarget {
  private readonly listeners: Array<{ type: string; listener: Listener; capture: boolean }> = [];

  addEventListener(type: string, listener: Listener, options?: unknown): void {
    const capture = isCapture(options);
    const known = this.listeners.some(
      (l) => l.type === type && l.listener === listener && l.capture === capture,
    );
    if (!known) this.listeners.push({ type, listener, capture });
  }

  removeEventListener(type: string, listener: Listener, options?: unknown): void {
    const capture = isCapture(options);
    const at = this.listeners.findIndex(
      (l) => l.type === type && l.listener === listener && l.capture === capture,
    );
    if (at >= 0) this.listeners.splice(at, 1);
  }

  notify(event: FakeEvent, capture: boolean): void {
    for (const l of this.listeners.slice()) {
      if (l.type === event.type && l.capture === capture) l.listener.call(this, event);
    }
  }
}

function isCapture(options: unknown): boolean {
  if (typeof options === 'boolean') return options;
  return (
    typeof options === 'object' && options !== null && Reflect.get(options, 'capture') === true
  );
}

export class FakeNode extends FakeEventTarget {
  readonly nodeType: number;
  readonly nodeName: string;
  parentNode: FakeNode | null = null;
  childNodes: FakeNode[] = [];
  nodeValue: string | null;
  ownerDocument: FakeDocumentNode | null = null;

  constructor(nodeType: number, nodeName: string, nodeValue: string | null = null) {
    super();
    this.nodeType = nodeType;
    this.nodeName = nodeName;
    this.nodeValue = nodeValue;
  }

  get firstChild(): FakeNode | null {
    return this.childNodes[0] ?? null;
  }

  get lastChild(): FakeNode | null {
    return this.childNodes.at(-1) ?? null;
  }

  get nextSibling(): FakeNode | null {
    const siblings = this.parentNode?.childNodes ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }

  get data(): string | null {
    return this.nodeValue;
  }

  set data(text: string | null) {
    this.nodeValue = text;
  }

  get textContent(): string {
    return this.nodeValue ?? this.childNodes.map((child) => child.textContent).join('');
  }

  set textContent(text: string) {
    for (const child of this.childNodes.slice()) this.removeChild(child);
    if (text !== '' && this.ownerDocument)
      this.appendChild(this.ownerDocument.createTextNode(text));
  }

  appendChild(child: FakeNode): FakeNode {
    return this.insertBefore(child, null);
  }

  insertBefore(child: FakeNode, before: FakeNode | null): FakeNode {
    child.parentNode?.removeChild(child);
    const at = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    if (at < 0) throw new Error('The node to insert before is no child.');
    this.childNodes.splice(at, 0, child);
    child.parentNode = this;
    return child;
  }

  removeChild(child: FakeNode): FakeNode {
    const at = this.childNodes.indexOf(child);
    if (at < 0) throw new Error('The node to remove is no child.');
    this.childNodes.splice(at, 1);
    child.parentNode = null;
    return child;
  }

  contains(other: FakeNode | null): boolean {
    for (let node = other; node; node = node.parentNode) if (node === this) return true;
    return false;
  }

  /** This node and everything around it, innermost first. */
  private upwards(): FakeNode[] {
    return [this, ...(this.parentNode?.upwards() ?? [])];
  }

  dispatchEvent(event: FakeEvent): boolean {
    event.target = this;
    const path = this.upwards();
    const steps = path.toReversed().map((n) => [n, true] as const);
    const up = (event.bubbles ? path : [this]).map((n) => [n, false] as const);
    for (const [node, capture] of [...steps, ...up]) {
      if (event.cancelBubble) break;
      event.currentTarget = node;
      node.notify(event, capture);
    }
    return !event.defaultPrevented;
  }
}

export class FakeElement extends FakeNode {
  readonly namespaceURI = 'http://www.w3.org/1999/xhtml';
  readonly tagName: string;
  readonly localName: string;
  readonly attributes = new Map<string, string>();
  readonly style: Record<string, unknown> = { setProperty() {} };

  constructor(name: string) {
    super(1, name.toUpperCase());
    this.localName = name;
    this.tagName = name.toUpperCase();
  }

  get children(): FakeElement[] {
    return this.childNodes.filter((n): n is FakeElement => n instanceof FakeElement);
  }

  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value));
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }

  focus(): void {
    if (this.ownerDocument) this.ownerDocument.activeElement = this;
  }

  /** Every element below with that tag name. */
  all(name: string): FakeElement[] {
    return this.children.flatMap((child) => [
      ...(child.localName === name ? [child] : []),
      ...child.all(name),
    ]);
  }
}

export class FakeDocumentNode extends FakeNode {
  activeElement: FakeElement | null = null;
  defaultView: unknown = null;
  readonly documentElement: FakeElement;
  readonly body: FakeElement;

  constructor() {
    super(9, '#document');
    this.documentElement = this.createElement('html');
    this.body = this.createElement('body');
    this.appendChild(this.documentElement);
    this.documentElement.appendChild(this.body);
  }

  createElement(name: string): FakeElement {
    // Image work on a canvas is not possible in UXP, so nobody may count on one.
    if (name === 'canvas') throw new Error('There is no usable canvas in UXP.');
    return this.own(new FakeElement(name));
  }

  createElementNS(_namespace: string, name: string): FakeElement {
    return this.createElement(name);
  }

  createTextNode(text: string): FakeNode {
    return this.own(new FakeNode(3, '#text', text));
  }

  createComment(text: string): FakeNode {
    return this.own(new FakeNode(8, '#comment', text));
  }

  private own<T extends FakeNode>(node: T): T {
    node.ownerDocument = this;
    return node;
  }
}
