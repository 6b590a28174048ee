// Receives webhooks with Express: checks who sent each event, and handles each once.
//
//     npm install express standardwebhooks
//     WEBHOOK_SECRET=whsec_… PORT=8080 node express-receiver.mjs

import express from "express";
import { Webhook } from "standardwebhooks";

const app = express();
const webhook = new Webhook(process.env.WEBHOOK_SECRET);

// Of this process alone: with several, or to remember over a restart, a unique column of your
// database, written in the transaction that handles the event.
const handled = new Set();

// The exact bytes: JSON that was read and written again is another body.
app.post("/webhooks", express.raw({ type: () => true, limit: "2mb" }), (request, response) => {
  let event;
  try {
    event = webhook.verify(request.body, request.headers);
  } catch {
    return response.sendStatus(401);
  }
  const id = request.headers["webhook-id"];
  if (!handled.has(id)) {
    handle(event); // If it throws, the answer is 500, and the event comes again.
    handled.add(id);
    if (handled.size > 100_000) handled.delete(handled.values().next().value);
  }
  response.sendStatus(204);
});

function handle(event) {
  console.log("handled", event.id, event.type);
}

app.listen(process.env.PORT ?? 8080, "127.0.0.1");
