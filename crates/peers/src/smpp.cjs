// A message centre that speaks SMPP 3.4, by another library than the server under test. Tests steer it under /sim.

const { createServer } = require("node:http");
const smpp = require("smpp");

const state = { sessions: [], binds: 0, submitted: [], refuse: [], cut: 0, hex: false };

/** What a login is answered. */
function judged({ system_id: name, password }) {
  if (name !== "yingda") return smpp.ESME_RINVSYSID;
  return password === "geheim" ? smpp.ESME_ROK : smpp.ESME_RINVPASWD;
}

function submitted(session, pdu) {
  const { message, udh } = pdu.short_message;
  const kept = {
    from: pdu.source_addr,
    to: pdu.destination_addr,
    ton: pdu.dest_addr_ton,
    coding: pdu.data_coding,
    text: message,
    header: udh ? Buffer.concat(udh).toString("hex") : "",
    receipt: pdu.registered_delivery,
    reference: pdu.user_message_reference,
    status: 0,
    id: "",
  };
  state.submitted.push(kept);
  if (state.cut > 0) {
    state.cut -= 1;
    session.socket.destroy();
    return;
  }
  kept.status = state.refuse.shift() ?? smpp.ESME_ROK;
  if (!kept.status) kept.id = state.hex ? (4000 + state.submitted.length).toString(16) : `m${state.submitted.length}`;
  session.send(pdu.response({ command_status: kept.status, message_id: kept.id }));
}

const { CERTIFICATE: cert, KEY: key } = process.env;

const centre = smpp.createServer(cert ? { cert, key } : {}, (session) => {
  session.on("error", () => {});
  session.on("close", () => (state.sessions = state.sessions.filter((it) => it !== session)));
  session.on("bind_transceiver", (pdu) => {
    const status = judged(pdu);
    session.send(pdu.response({ command_status: status }));
    if (status) return session.close();
    state.binds += 1;
    state.sessions.push(session);
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
});

/** Hands a message over, and gives the answer. `hex` is what stands in it as it is. */
function deliver({ hex, header, ...fields }) {
  const pdu = { source_addr_ton: 1, source_addr_npi: 1, destination_addr: "10690001", ...fields };
  if (hex !== undefined) pdu.short_message = Buffer.from(`${header ?? ""}${hex}`, "hex");
  if (pdu.message_payload) pdu.message_payload = Buffer.from(pdu.message_payload, "hex");
  const session = state.sessions[0];
  return new Promise((done) => session.deliver_sm(pdu, (answer) => done({ status: answer.command_status })));
}

const sim = {
  "/sim/deliver": deliver,
  "/sim/submitted": () => state.submitted,
  "/sim/refuse": ({ statuses }) => ({ refuse: state.refuse.push(...statuses) }),
  "/sim/cut": ({ times }) => ({ cut: (state.cut = times) }),
  // Names of messages in hexadecimal, as some centres give them; their receipts name them in decimal.
  "/sim/count": ({ hex }) => ({ hex: (state.hex = hex) }),
  "/sim/drop": () => ({ dropped: state.sessions.map((it) => it.socket.destroy()).length }),
  "/sim/stands": () => ({ binds: state.binds, sessions: state.sessions.length }),
  "/sim/ask": () => new Promise((done) => state.sessions[0].enquire_link((it) => done({ status: it.command_status }))),
};

const steering = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const answer = await sim[request.url](JSON.parse(body.length ? body : "{}"));
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answer));
});

centre.listen(0, "127.0.0.1", () => {
  steering.listen(0, "127.0.0.1", () => console.log(`${steering.address().port} ${centre.address().port}`));
});
