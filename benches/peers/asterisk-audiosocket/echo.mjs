// An echo with the public API of asterisk-audiosocket, after its README.
import { AudioSocketServer } from 'asterisk-audiosocket';

const [port, mode] = process.argv.slice(2);
const server = new AudioSocketServer({ port: Number(port) });

server.on('connection', (call) => {
  call.on('audio', mode === 'paced' ? (pcm) => call.play(pcm) : (pcm) => call.writeFrame(pcm));
  // The README's echo has no such line, and without it one connection reset ends the process with all calls. Nobody would
  // leave it like that in production.
  call.on('error', () => {});
});

await server.listen();
