/** A time by a pattern of C's strftime, in the zone of the computer; unknown letters stay as they are. Pure. */
export function formatTime(time: Date, pattern: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const named = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', options).format(time);
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(time.getFullYear()),
    y: () => two(time.getFullYear() % 100),
    m: () => two(time.getMonth() + 1),
    d: () => two(time.getDate()),
    H: () => two(time.getHours()),
    I: () => two(time.getHours() % 12 || 12),
    M: () => two(time.getMinutes()),
    S: () => two(time.getSeconds()),
    f: () => String(time.getMilliseconds() * 1000).padStart(6, '0'),
    p: () => (time.getHours() < 12 ? 'AM' : 'PM'),
    A: () => named({ weekday: 'long' }),
    a: () => named({ weekday: 'short' }),
    B: () => named({ month: 'long' }),
    b: () => named({ month: 'short' }),
    '%': () => '%',
  };
  return pattern.replaceAll(/%(.)/g, (whole, letter: string) => parts[letter]?.() ?? whole);
}
