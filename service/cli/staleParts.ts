/** Files that commands of this machine were still writing when they were killed. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';

const tagLength = 10;
const partName = /^\..+\.([0-9a-f]{10})-([1-9]\d{0,9})\.part$/;

/** Beside the file that it will become: says which process of which machine writes it. */
export function partBeside(path: string, pid = process.pid): string {
  return join(dirname(path), `.${basename(path)}.${processesTag()}-${pid}.part`);
}

/**
 * Removes what commands have left in the folder that were killed while they wrote, and nothing else: files that
 * are named as ours, belong to this user, and whose process was one of this machine since it started and is gone.
 * What cannot be told or removed stays; never throws.
 */
export async function removeStaleParts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const tag = names.some((name) => partName.test(name)) ? processesTag() : '';
  for (const name of names) {
    const [, owner, pid] = partName.exec(name) ?? [];
    if (owner !== tag || !isGone(Number(pid))) continue;
    const path = join(folder, name);
    const info = await lstat(path).catch(() => undefined);
    const isOwn = process.getuid === undefined || info?.uid === process.getuid();
    if (info?.isFile() === true && isOwn) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Of another user, a process is there as well. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
  }
}

/**
 * Stands for all processes whose numbers can be asked for here: another machine, which may write into the same
 * folder over a network, a container and the time before a restart have other numbers.
 */
function processesTag(): string {
  const started = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const space = textOf(() => readlinkSync('/proc/self/ns/pid'));
  const known = started === '' ? networkCards() : `${started} ${space}`;
  const text = `pentimento\n${hostname()}\n${known}`;
  return createHash('sha256').update(text).digest('hex').slice(0, tagLength);
}

function networkCards(): string {
  const cards = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((c) => c.mac));
  return [...new Set(cards)].toSorted().join(' ');
}

/** Empty where the system has no such file. */
function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
