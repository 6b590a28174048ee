// Judges deliveries with npm's `standardwebhooks`, and those that are signed with an ed25519 key
// with Node's own: the library has no such. Each line of the input is one, as JSON: `secret`,
// `headers`, `body`; and each of the output is a verdict: `accepted`, or `refused: ` and why.

import { createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

const PUBLIC = "whpk_";
// What stands before the 32 bytes of a public key in its DER (RFC 8410, section 4).
const DER = Buffer.from("302a300506032b6570032100", "hex");

function byPublicKey(secret, body, headers) {
  const der = Buffer.concat([DER, Buffer.from(secret.slice(PUBLIC.length), "base64")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const { "webhook-id": id, "webhook-timestamp": timestamp } = headers;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) throw new Error("too far away");
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const isSigned = headers["webhook-signature"].split(" ").some((one) => {
    const [version, signature] = one.split(",");
    return version === "v1a" && verify(null, signed, key, Buffer.from(signature, "base64"));
  });
  if (!isSigned) throw new Error("no signature fits");
}

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    const bytes = Buffer.from(body);
    if (secret.startsWith(PUBLIC)) byPublicKey(secret, bytes, headers);
    else new Webhook(secret).verify(bytes, headers);
    console.log("accepted");
  } catch (refusal) {
    console.log(`refused: ${refusal.message}`);
  }
}
