// A node-opcua server whose variables count, and which writes down every change that it made.
//
// Encrypted endpoints only, user name and password or the certificate of a user for data, real trust in client
// certificates: an unknown one lands in PKI/rejected, and is accepted once its file lies in PKI/trusted/certs; for users it
// is PKI/users. All of it is node-opcua's own machinery; nothing here knows lockgate.
//
// Variable i belongs to group i % GROUPS. Every period each group takes its turn: its variables all go up by
// exactly one, with one source time, and one line goes to the truth file: {"group":g,"value":n,"time_ms":t}.
// SIGUSR1 stops the counting and leaves the server up, so that a client can collect the rest. A server that is
// started again on its truth file goes on where it was.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");
const {
    DataType,
    MessageSecurityMode,
    OPCUACertificateManager,
    OPCUAServer,
    RegisterServerMethod,
    SecurityPolicy,
    StatusCodes,
    Variant,
    makeApplicationUrn,
} = require("node-opcua");
const { makeSHA1Thumbprint, readCertificateChain } = require("node-opcua-crypto");

const GROUPS = 10;
const HISTORIES = 10;
const APPLICATION_URI = makeApplicationUrn("localhost", "interop:node-opcua");

function options() {
    const { values } = parseArgs({
        options: {
            port: { type: "string" },
            pki: { type: "string" },
            truth: { type: "string" },
            variables: { type: "string", default: "1000" },
            "period-ms": { type: "string", default: "100" },
            user: { type: "string", default: "reader" },
            password: { type: "string" },
            secs: { type: "string", default: "900" },
            certificate: { type: "string" },
            key: { type: "string" },
            anonymous: { type: "boolean", default: false },
            sign: { type: "boolean", default: false },
            history: { type: "string", default: "0" },
            "alarm-ms": { type: "string", default: "0" },
        },
    });
    for (const name of ["port", "pki", "truth", "password"]) {
        if (values[name] === undefined) {
            process.stderr.write(`--${name} is needed\n`);
            process.exit(2);
        }
    }
    return values;
}

/** The server's identity: the files it was given, or RSA 2048, made once, for the host name localhost and no address. */
async function identity({ pki, certificate, key }) {
    const store = new OPCUACertificateManager({ rootFolder: pki, automaticallyAcceptUnknownCertificate: false });
    await store.initialize();
    if (certificate) return { store, certificateFile: certificate, privateKeyFile: key, applicationUri: APPLICATION_URI };
    const certificateFile = path.join(pki, "own/certs/server.pem");
    if (!fs.existsSync(certificateFile)) {
        await store.createSelfSignedCertificate({
            applicationUri: APPLICATION_URI,
            dns: ["localhost"],
            outputFile: certificateFile,
            startDate: new Date(Date.now() - 3600 * 1000),
            subject: "/CN=Interop node-opcua/O=lockgate",
            validity: 30,
        });
    }
    return { store, certificateFile, privateKeyFile: store.privateKey, applicationUri: APPLICATION_URI };
}

async function makeServer(config) {
    const { store, certificateFile, privateKeyFile, applicationUri } = await identity(config);
    const userStore = new OPCUACertificateManager({ rootFolder: path.join(config.pki, "users") });
    await userStore.initialize();
    const server = new OPCUAServer({
        host: "127.0.0.1",
        hostname: "localhost",
        port: Number(config.port),
        resourcePath: "/interop",
        serverInfo: { applicationUri, applicationName: { text: "Interop node-opcua" } },
        buildInfo: { productName: "interop", productUri: "urn:interop:node-opcua" },
        serverCertificateManager: store,
        userCertificateManager: userStore,
        certificateFile,
        privateKeyFile,
        registerServerMethod: RegisterServerMethod.HIDDEN,
        securityModes: [MessageSecurityMode.SignAndEncrypt, ...(config.sign ? [MessageSecurityMode.Sign] : [])],
        securityPolicies: [
            SecurityPolicy.Basic256Sha256,
            SecurityPolicy.Aes128_Sha256_RsaOaep,
            SecurityPolicy.Aes256_Sha256_RsaPss,
        ],
        allowAnonymous: config.anonymous,
        userManager: { isValidUser: (user, password) => user === config.user && password === config.password },
        // a client that asks for every change gets every change
        serverCapabilities: { minSupportedSampleRate: 0 },
    });
    await server.initialize();
    return { server, certificateFile };
}

function addCounters(server, count) {
    const space = server.engine.addressSpace;
    const namespace = space.registerNamespace("urn:lockgate:interop:counters");
    const folder = namespace.addFolder(space.rootFolder.objects, { nodeId: "s=Counters", browseName: "Counters" });
    return Array.from({ length: count }, (_, index) => {
        const name = `Counter${String(index).padStart(4, "0")}`;
        return namespace.addVariable({
            componentOf: folder,
            nodeId: `s=${name}`,
            browseName: name,
            dataType: DataType.UInt32,
            minimumSamplingInterval: 0,
            value: new Variant({ dataType: DataType.UInt32, value: 0 }),
        });
    });
}

/** Variables with a past: values 0, 1, 2 … one a second, the last one now. */
function addHistories(server, values) {
    if (values === 0) return;
    const space = server.engine.addressSpace;
    const namespace = space.getNamespace("urn:lockgate:interop:counters");
    const folder = namespace.addFolder(space.rootFolder.objects, { nodeId: "s=Histories", browseName: "Histories" });
    const end = Math.floor(Date.now() / 1000) * 1000;
    for (let index = 0; index < HISTORIES; index += 1) {
        const name = `History${String(index).padStart(2, "0")}`;
        const variable = namespace.addVariable({
            componentOf: folder,
            nodeId: `s=${name}`,
            browseName: name,
            dataType: DataType.Double,
        });
        space.installHistoricalDataNode(variable, { maxOnlineValues: values });
        for (let value = 0; value < values; value += 1) {
            const time = new Date(end - (values - 1 - value) * 1000);
            variable.setValueFromSource({ dataType: DataType.Double, value }, StatusCodes.Good, time);
        }
    }
}

/**
 * Two limit alarms: one that stands from before the first client, and one that comes and goes, each change of it with a line
 * in the truth file: {"alarm":"Changing","active":true,"time_ms":t}.
 */
function addAlarms(server, periodMs, truthFile) {
    if (periodMs === 0) return () => {};
    const space = server.engine.addressSpace;
    space.installAlarmsAndConditionsService();
    const namespace = space.getNamespace("urn:lockgate:interop:counters");
    const boiler = namespace.addObject({
        organizedBy: space.rootFolder.objects,
        nodeId: "s=Boiler",
        browseName: "Boiler",
        eventSourceOf: space.rootFolder.objects.server,
    });
    const [standing, changing] = ["Standing", "Changing"].map((name) => {
        const level = namespace.addVariable({
            componentOf: boiler,
            nodeId: `s=${name}Level`,
            browseName: `${name}Level`,
            dataType: DataType.Double,
            eventSourceOf: boiler,
            value: { dataType: DataType.Double, value: 50 },
        });
        namespace.instantiateExclusiveLimitAlarm("ExclusiveLimitAlarmType", {
            nodeId: `s=${name}`,
            browseName: name,
            conditionName: name,
            componentOf: boiler,
            conditionSource: level,
            inputNode: level,
            highHighLimit: 90,
            highLimit: 80,
            lowLimit: 20,
            lowLowLimit: 10,
        });
        return level;
    });
    const set = (level, value) => level.setValueFromSource({ dataType: DataType.Double, value }, StatusCodes.Good);
    set(standing, 85);
    const truth = fs.openSync(truthFile, "a");
    let active = false;
    const timer = setInterval(() => {
        active = !active;
        set(changing, active ? 95 : 50);
        fs.writeSync(truth, `${JSON.stringify({ alarm: "Changing", active, time_ms: Date.now() })}\n`);
    }, periodMs);
    return () => clearInterval(timer);
}

/** Counts until told to stop; what is on disk is what the clients were told. */
function count(counters, periodMs, truthFile) {
    const truth = fs.openSync(truthFile, "a+");
    const done = fs.readFileSync(truthFile, "utf8").split('"group":').length - 1;
    const write = (line) => fs.writeSync(truth, `${JSON.stringify(line)}\n`);
    write({ variables: counters.length, groups: GROUPS, period_ms: periodMs, started_ms: Date.now() });
    const start = performance.now();
    let turn = done;
    const timer = setInterval(() => {
        const due = done + Math.floor((performance.now() - start) / (periodMs / GROUPS));
        for (; turn < due; turn += 1) {
            const group = turn % GROUPS;
            const value = Math.floor(turn / GROUPS) + 1;
            const now = new Date();
            for (let index = group; index < counters.length; index += GROUPS) {
                counters[index].setValueFromSource({ dataType: DataType.UInt32, value }, StatusCodes.Good, now);
            }
            write({ group, value, time_ms: now.getTime() });
        }
    }, periodMs / GROUPS);
    return () => {
        clearInterval(timer);
        write({ stopped_ms: Date.now() });
        fs.fsyncSync(truth);
    };
}

async function main() {
    const config = options();
    const { server, certificateFile } = await makeServer(config);
    const counters = addCounters(server, Number(config.variables));
    addHistories(server, Number(config.history));
    await server.start();
    const stopAlarms = addAlarms(server, Number(config["alarm-ms"]), config.truth);
    const stopCounting = count(counters, Number(config["period-ms"]), config.truth);
    let counting = true;
    const freeze = () => {
        if (counting) {
            stopAlarms();
            stopCounting();
        }
        counting = false;
    };
    const shutdown = async () => {
        freeze();
        clearTimeout(deadline);
        await server.shutdown(0);
        process.exit(0);
    };
    const deadline = setTimeout(shutdown, Number(config.secs) * 1000);
    process.on("SIGUSR1", freeze);
    process.on("SIGTERM", shutdown);
    process.on("SIGINT", shutdown);

    const [certificate] = readCertificateChain(certificateFile);
    const ready = {
        ready: true,
        url: `opc.tcp://localhost:${config.port}/interop`,
        thumbprint: makeSHA1Thumbprint(certificate).toString("hex").toUpperCase(),
    };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
}

main().catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
});
