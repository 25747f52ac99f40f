import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';

/** How a web server of a test behaves. */
export interface WebServerOptions {
  /** Sends other bytes than the file has. */
  readonly isPoisoned?: boolean;
  /** Answers the first requests with 503. */
  readonly failures?: number;
}

/** A web server of another origin that serves one file in ranges and lets every page read it (CORS). */
export class WebServer {
  readonly #server: Server;
  /** Range headers of the requests for the file, in order. */
  readonly ranges: string[] = [];
  /** Requests under way, and the most there ever were. */
  #running = 0;
  most = 0;

  private constructor(path: string, options: WebServerOptions) {
    this.#server = createServer((request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', 'range');
      if (request.method === 'OPTIONS') {
        response.writeHead(204).end();
        return;
      }
      const range = request.headers.range ?? '';
      this.ranges.push(range);
      this.most = Math.max(this.most, ++this.#running);
      response.once('close', () => this.#running--);
      if (this.ranges.length <= (options.failures ?? 0)) {
        response.writeHead(503).end();
        return;
      }
      void stat(path).then(({ size }) => {
        const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
        const [start, end] = first === undefined ? [0, size - 1] : [Number(first), Math.min(size - 1, Number(last))];
        response.writeHead(first === undefined ? 200 : 206, {
          'content-length': end - start + 1,
          'content-range': `bytes ${start}-${end}/${size}`,
        });
        const file = createReadStream(path, { start, end });
        if (options.isPoisoned) file.pipe(inverted()).pipe(response);
        else file.pipe(response);
      });
    });
  }

  static async serve(path: string, options: WebServerOptions = {}): Promise<WebServer> {
    const server = new WebServer(path, options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/file`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Turns every bit over. */
function inverted(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, Buffer.from(chunk.map((byte) => byte ^ 255)));
    },
  });
}
