/** Where the repository begins: compiled tests run from dist, sources in place, and both read data files. */
import { existsSync } from "node:fs";

export const ROOT: URL = findRoot(new URL(".", import.meta.url));

function findRoot(folder: URL): URL {
  return existsSync(new URL("package-lock.json", folder)) ? folder : findRoot(new URL("..", folder));
}
