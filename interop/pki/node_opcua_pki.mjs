// node-opcua-pki's CertificateManager as a judge of the case folders, asked to accept what a trusted authority issued.
//
// Its clock is set to the case's. It reads rejected certificates from rejected/ and wants a key of its own, so each store
// is copied first.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [root, modules, key] = process.argv.slice(2);
const require = createRequire(path.join(modules, "x.js"));
const { CertificateManager } = await import(pathToFileURL(require.resolve("node-opcua-pki")).href);

const RealDate = Date;
function setClock(milliseconds) {
    globalThis.Date = class extends RealDate {
        constructor(...given) {
            super(...(given.length ? given : [milliseconds]));
        }
        static now() {
            return milliseconds;
        }
    };
}

async function judge(entry) {
    const folder = path.join(root, entry.folder);
    const store = path.join(folder, "node-opcua-pki");
    fs.rmSync(store, { recursive: true, force: true });
    fs.cpSync(path.join(folder, "pki"), store, { recursive: true });
    fs.copyFileSync(key, path.join(store, "own/private/private_key.pem"));
    for (const name of fs.readdirSync(path.join(store, "rejected/certs"))) {
        fs.renameSync(path.join(store, "rejected/certs", name), path.join(store, "rejected", name));
    }
    fs.rmdirSync(path.join(store, "rejected/certs"));
    setClock(entry.epoch * 1000);
    const manager = new CertificateManager({ location: store, disableFileWatchers: true });
    try {
        await manager.initialize();
        const suppressed = (name) => entry.suppress.includes(name);
        return await manager.verifyCertificate(fs.readFileSync(path.join(folder, entry.chain)), {
            acceptCertificateWithValidIssuerChain: true,
            acceptOutdatedCertificate: suppressed("BadCertificateTimeInvalid"),
            acceptPendingCertificate: suppressed("BadCertificateTimeInvalid"),
            ignoreMissingRevocationList: suppressed("BadCertificateRevocationUnknown"),
        });
    } catch (error) {
        return `error: ${String(error.message).slice(0, 60)}`;
    } finally {
        await manager.dispose();
        globalThis.Date = RealDate;
    }
}

// what the library says belongs on the other stream
console.log = console.warn = console.info = console.debug = () => {};
const entries = JSON.parse(fs.readFileSync(path.join(root, "cases.json"), "utf8"));
const verdicts = {};
for (const entry of entries) {
    verdicts[entry.folder] = await judge(entry);
}
process.stdout.write(JSON.stringify(verdicts, null, 1) + "\n", () => process.exit(0));
