import { formatStanding, parseStanding, type Standing } from '@roomstream/bus/standing';

/** The question whether connections of a user are truly alive: the body of a `probe` entry in their room. */
export type Probe = {
  /** The gateway that asks, and its number of the question. */
  readonly asker: string;
  readonly number: number;
  /** The connections, `<gateway>/<session number>`. */
  readonly members: readonly string[];
  readonly userId: string;
};

/** What a gateway knows of one of its connections. */
export type Vitality =
  /** It has answered a ping since it was asked for, or ended cleanly then: nothing is owed to it. */
  | { readonly kind: 'alive' }
  /** It has ended cleanly: nothing is owed to it either. */
  | { readonly kind: 'ended' }
  /** It is on its way, and may have taken over what others are owed; whether its client is still there nobody knows. */
  | { readonly kind: 'pending' }
  /** It is lost, or gives no sign of life: up to `certain` it has everything. */
  | { readonly kind: 'lost'; readonly certain: Standing | undefined };

/** A gateway's answer for its own connections: the body of an `answer` entry. */
export type Answer = {
  readonly asker: string;
  readonly number: number;
  readonly vitality: ReadonlyMap<string, Vitality>;
};

/** Renders a probe. */
export function encodeProbe({ asker, number, members, userId }: Probe): string {
  return `${[asker, number, ...members].join(' ')}\n${userId}`;
}

/** Reads a probe; undefined when it isn't one. */
export function decodeProbe(body: Buffer): Probe | undefined {
  const text = body.toString();
  const newline = text.indexOf('\n');
  const [asker = '', number, ...members] = text.slice(0, Math.max(newline, 0)).split(' ');
  if (!isNumber(number)) return undefined;
  return { asker, number: Number(number), members, userId: text.slice(newline + 1) };
}

const marks = { alive: '+', ended: '-', pending: '~' } as const;

/** Renders an answer: `<member>=`, behind it `+` when alive, `-` when ended, `~` when pending, else its place. */
export function encodeAnswer({ asker, number, vitality }: Answer): string {
  const all = [...vitality].map(([member, one]) => {
    if (one.kind !== 'lost') return `${member}=${marks[one.kind]}`;
    return `${member}=${one.certain === undefined ? '' : formatStanding(one.certain)}`;
  });
  return [asker, number, ...all].join(' ');
}

/** Reads an answer; undefined when it isn't one. */
export function decodeAnswer(body: Buffer): Answer | undefined {
  const [asker = '', number, ...all] = body.toString().split(' ');
  if (!isNumber(number)) return undefined;
  const vitality = new Map(
    all.map((text): [string, Vitality] => {
      const equals = text.indexOf('=');
      const place = text.slice(equals + 1);
      const known = (Object.keys(marks) as (keyof typeof marks)[]).find((kind) => marks[kind] === place);
      const one: Vitality =
        known === undefined ? { kind: 'lost', certain: parseStanding(place) } : { kind: known };
      return [text.slice(0, equals), one];
    }),
  );
  return { asker, number: Number(number), vitality };
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^[0-9]{1,10}$/.test(text);
}
