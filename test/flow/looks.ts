/** Read in the page: what lies over an edge or over something else, and what is hard to read. */

/** Things of the panel that reach past it, controls that lie on each other, and lines that begin under a label. */
export function faultsOfLayout(): string[] {
  const panel = document.querySelector('.pentimento');
  if (!panel) return ['There is no panel.'];
  const faults: string[] = [];
  const right = panel.getBoundingClientRect().right;
  const nameOf = (element: Element) =>
    `${element.tagName.toLowerCase()}.${element.className} ${element.textContent?.slice(0, 30)}`;
  const boxOf = (element: Element) => element.getBoundingClientRect();
  const isSeen = (element: Element) => boxOf(element).width > 0 && boxOf(element).height > 0;
  const all = [...panel.querySelectorAll('*')].filter(isSeen);
  for (const element of all)
    if (boxOf(element).right > right + 0.5) faults.push(`over the edge: ${nameOf(element)}`);
  for (const row of panel.querySelectorAll('.row')) {
    const cells = [...row.children].filter(isSeen);
    for (const [n, cell] of cells.entries())
      for (const other of cells.slice(n + 1)) {
        const [a, b] = [boxOf(cell), boxOf(other)];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 1) faults.push(`on each other: ${nameOf(cell)}, ${nameOf(other)}`);
      }
  }
  for (const field of panel.querySelectorAll('.field')) {
    const [label, ...controls] = [...field.children].filter(isSeen);
    for (const control of controls)
      if (label && boxOf(control).left < boxOf(label).right - 1)
        faults.push(`under its label: ${nameOf(control)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('The page scrolls sideways.');
  return faults;
}

/** Texts whose contrast to what is behind them is less than `least` (WCAG 2.2, 1.4.3), but for what is disabled. */
export function contrastsBelow(least: number): string[] {
  type Color = readonly [number, number, number, number];
  const colorOf = (css: string): Color => {
    const [r = 0, g = 0, b = 0, a = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, a];
  };
  const over = (front: Color, back: Color): Color => {
    const mix = (n: 0 | 1 | 2) => front[n] * front[3] + back[n] * (1 - front[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const luminance = (color: Color) => {
    const [r, g, b] = color.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const parentOf = (element: Element): Element | undefined => {
    const root = element.getRootNode();
    return element.parentElement ?? (root instanceof ShadowRoot ? root.host : undefined);
  };
  const chainOf = (element: Element): Element[] => {
    const chain: Element[] = [];
    for (let at: Element | undefined = element; at; at = parentOf(at)) chain.push(at);
    return chain;
  };
  const faults: string[] = [];
  const look = (root: Document | ShadowRoot) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) look(element.shadowRoot);
      const text = [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.textContent?.trim())
        .join('');
      const { width, height } = element.getBoundingClientRect();
      const chain = chainOf(element);
      const isOff = chain.some((at) => at.matches('[disabled], .badge, .is-disabled'));
      if (text === '' || width === 0 || height === 0 || isOff) continue;
      const behind = chain
        .map((at) => colorOf(getComputedStyle(at).backgroundColor))
        .reduceRight((back, front) => over(front, back), [255, 255, 255, 1] as Color);
      const front = over(colorOf(getComputedStyle(element).color), behind);
      const [light, dark] = [luminance(front), luminance(behind)].toSorted((a, b) => b - a);
      const ratio = (light! + 0.05) / (dark! + 0.05);
      if (ratio < least) faults.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
    }
  };
  look(document);
  return faults;
}
