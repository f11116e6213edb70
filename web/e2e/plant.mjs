// A second simulated plant, which does not know us: the server to which the wizard goes. Its side of trust is the command line.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const START_MS = 30_000;
const run = promisify(execFile);

export async function plant(binary) {
  const folder = mkdtempSync(join(tmpdir(), 'lockgate-e2e-plant-'));
  const child = spawn(binary, ['simulate', '--dir', folder, '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const told = await introduced(child);
  const cli = async (...args) => JSON.parse((await run(binary, [...args, '--pki', told.pki, '--json'])).stdout);
  return {
    ...told,
    /** Accepts every client that was refused so far; gives back how many. */
    async acceptClients() {
      const { certificates } = await cli('trust', 'list');
      const waiting = certificates.filter((one) => one.standing === 'rejected');
      for (const one of waiting) await cli('trust', 'accept', one.thumbprint.replaceAll(':', ''));
      return waiting.length;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The one JSON object that it prints when it is up, over one line or many. */
async function introduced(child) {
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS);
  let text = '';
  for await (const line of createInterface({ input: child.stdout })) {
    text += `${line}\n`;
    try {
      const told = JSON.parse(text);
      clearTimeout(late);
      return told;
    } catch {
      continue;
    }
  }
  throw new Error(`the plant did not come up:\n${text}`);
}
