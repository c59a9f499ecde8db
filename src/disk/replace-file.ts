/**
 * Files that are replaced in one piece: whoever reads meanwhile finds the old one or the new one, also after a power cut
 * (written beside it, fsync(2), rename(2), fsync(2) of the folder).
 */
import {
  closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, type Stats,
} from "node:fs"; // prettier-ignore
import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Names, secrets: everything that Postern writes is for the service alone. */
export const OWNER_ONLY = 0o600;

/** Rejects with the system's error, the old file in place. */
export async function replaceFile(path: string, content: AsyncIterable<string>): Promise<void> {
  const draft = draftOf(path);
  await rm(draft, { force: true });
  const file = await open(draft, "wx", OWNER_ONLY);
  try {
    await writeFile(file, content);
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** `like`: the old file, whose owner and mode the new one gets. Throws the system's error, the old file in place. */
export function replaceFileSync(path: string, text: string, like?: Stats): void {
  const draft = draftOf(path);
  rmSync(draft, { force: true });
  const file = openSync(draft, "wx", OWNER_ONLY);
  try {
    writeFileSync(file, text);
    if (like !== undefined) keepOwner(file, like);
    fsyncSync(file);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}

/** Of this process: what an earlier write left there, if it was interrupted, makes room. */
function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}`);
}

/** Owner first: chown() clears mode bits. Only root can give files away; others own what they write. */
function keepOwner(file: number, { uid, gid, mode }: Stats): void {
  const isOther = uid !== process.getuid?.() || gid !== process.getgid?.();
  if (isOther) fchownSync(file, uid, gid);
  fchmodSync(file, mode & 0o777);
}

/** The new name is on the disk once its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
