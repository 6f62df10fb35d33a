import type { Listed } from '../command.ts';

/** All commands, as the overview lists them. */
export const commands: readonly Listed[] = [
  {
    name: 'check-config',
    about: 'checks all settings of a service, without starting it',
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  {
    name: 'doctor',
    about: 'tries Redis, KMS, S3, Lambda and the rest, and says what is wrong',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'rooms',
    about: 'lists the rooms of all accounts',
    load: async () => (await import('./rooms.ts')).rooms,
  },
  {
    name: 'connections',
    about: 'counts connections by account and gateway',
    load: async () => (await import('./connections.ts')).connections,
  },
  {
    name: 'streams',
    about: 'shows lag, memory and trimming of each shard',
    load: async () => (await import('./streams.ts')).streams,
  },
  {
    name: 'drain',
    about: 'drains a service of this machine and waits for its end',
    load: async () => (await import('./drain.ts')).drain,
  },
  {
    name: 'keys rotate',
    about: 'adds a new token key and removes old ones, without a restart',
    load: async () => (await import('./keys-rotate.ts')).keysRotate,
  },
  {
    name: 'backup',
    about: 'writes all rooms and logging configurations to a file',
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'restore',
    about: 'puts the records of a backup into Redis',
    load: async () => (await import('./restore.ts')).restore,
  },
];
