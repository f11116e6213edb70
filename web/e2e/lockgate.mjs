// Starts the real thing, `lockgate demo`: a simulated plant, the connector, the historian and this UI; and ends it again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const START_MS = 60_000;
const STOP_MS = 30_000;

export async function demo(binary) {
  const program = resolve(binary);
  const folder = mkdtempSync(join(tmpdir(), 'lockgate-e2e-'));
  const config = join(folder, 'demo', 'lockgate.toml');
  const args = ['demo', '--dir', 'demo'];
  // The first run makes the configuration; the second finds it with a port that nobody else has.
  await once(spawn(program, [...args, '--for', '1s'], { cwd: folder, stdio: 'ignore' }), 'exit');
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^listen = .*$/m, `listen = "127.0.0.1:${await freePort()}"`));
  // A debug build takes the pages from here; a release build has them inside.
  const env = { ...process.env, LOCKGATE_WEB_DIST: new URL('../dist', import.meta.url).pathname };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stopped = false;
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said = (said + text).slice(-200_000)));
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));

  const link = await until(START_MS, 'the link for the first login', () => /first login\s+(http:\/\/\S+)/.exec(said)?.[1], ended, () => said);
  return {
    link,
    base: new URL(link).origin,
    async stop() {
      if (stopped) return;
      stopped = true;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const how = await ended;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
      if (how !== 0) throw new Error(`lockgate demo ended with ${how} instead of 0:\n${said.slice(-2000)}`);
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function until(most, what, look, ended, said) {
  let over = null;
  void ended.then((how) => (over = how));
  for (const end = Date.now() + most; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const found = look();
    if (found) return found;
    if (over !== null) break;
  }
  throw new Error(`no sign of ${what}:\n${said().slice(-2000)}`);
}
