// The whole UI must stay small: everything in dist, gzipped, is at most 150 kB.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST = 150_000;
const dist = new URL('../dist', import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
let sum = 0;
for (const file of files) sum += gzipSync(readFileSync(join(file.parentPath, file.name))).length;
console.log(`${files.length} files, ${(sum / 1000).toFixed(1)} kB gzipped of ${MOST / 1000} kB`);
if (sum > MOST) process.exitCode = 1;
