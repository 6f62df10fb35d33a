import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@roomstream/testing/eventually';
import type { CrowdOrder, CrowdReport, CrowdRequest } from './crowd-orders.ts';

/** Many unmodified official clients, in processes of their own so that none waits for another's work. */
export type Crowd = {
  /** Resolves when all are connected. */
  connected(): Promise<void>;
  /** Lets them say so many messages a second together; 0: no more. */
  speak(perSecond: number): Promise<void>;
  /** How many of those in a room have been told an Id. */
  told(roomIdentifier: string, id: string): Promise<number>;
  report(): Promise<readonly CrowdReport[]>;
  close(): Promise<void>;
};

/** Time for all to connect, on a slow and loaded machine. */
const connectedWithinMs = 240_000;
const mostComplaints = 4_000;

/** Starts `processes` processes that share the users of the order. */
export function openCrowd(order: CrowdOrder, processes: number): Crowd {
  const members = Array.from({ length: processes }, (_, at) =>
    openMember({ ...order, users: order.users.filter((_user, n) => n % processes === at) }),
  );
  const sum = async (request: CrowdRequest) => {
    const counts = await Promise.all(members.map((member) => member.ask<number>(request)));
    return counts.reduce((all, count) => all + count, 0);
  };
  return {
    connected: () =>
      eventually(async () => {
        const count = await sum({ ask: 'connected' });
        if (count < order.users.length) throw new Error(`${count} of ${order.users.length} are connected`);
      }, connectedWithinMs),
    speak: async (perSecond) => {
      const request = { ask: 'speak', perSecond: perSecond / processes } as const;
      await Promise.all(members.map((member) => member.ask(request)));
    },
    told: (roomIdentifier, id) => sum({ ask: 'told', roomIdentifier, id }),
    report: async () => {
      const reports = await Promise.all(
        members.map((member) => member.ask<CrowdReport[]>({ ask: 'report' })),
      );
      return reports.flat();
    },
    close: async () => void (await Promise.all(members.map((member) => member.close()))),
  };
}

type Member = { ask<T>(request: CrowdRequest): Promise<T>; close(): Promise<void> };

function openMember(order: CrowdOrder): Member {
  const child: ChildProcess = fork(fileURLToPath(new URL('./crowd-main.js', import.meta.url)), {
    // Not inherited: a pipe that several processes write to, some of them without blocking, brings the others to a standstill.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-mostComplaints);
  });
  const exit = once(child, 'exit');
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  void exit.then(([code]) => {
    for (const { reject } of waiting.values())
      reject(new Error(`a process of the crowd ended with ${code}:\n${complaints}`));
  });
  child.on('message', ({ number, answer }: { number: number; answer: unknown }) => {
    waiting.get(number)?.resolve(answer);
    waiting.delete(number);
  });
  child.send(order);
  let asked = 0;
  return {
    ask: <T>(request: CrowdRequest) =>
      new Promise<T>((resolve, reject) => {
        const number = asked++;
        waiting.set(number, { resolve: (answer) => resolve(answer as T), reject });
        child.send({ ...request, number });
      }),
    close: async () => {
      if (child.connected) child.disconnect();
      await exit;
    },
  };
}
