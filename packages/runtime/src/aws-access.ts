import { optionalText } from './setting-kinds.ts';
import { type Setting, SettingsError } from './settings.ts';

/** How a service of AWS, or one that speaks its API, is reached. What is undefined the AWS SDK finds by itself. */
export type AwsAccess = {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
};

/** A service of AWS as settings name it. */
export type AwsService<P extends string> = {
  /** Begins the names in the settings table: `s3` makes `s3Endpoint` and so on. */
  readonly prefix: P;
  /** `ROOMSTREAM_<area>_ENDPOINT` and so on. */
  readonly area: string;
  /** As people call it. */
  readonly name: string;
  /** The variable by which the AWS SDK finds another endpoint. */
  readonly sdkEndpoint: string;
  /** What the credentials must be allowed to do. */
  readonly rights: string;
};

type AccessNames<P extends string> =
  | `${P}Endpoint`
  | `${P}Region`
  | `${P}AccessKeyId`
  | `${P}SecretAccessKey`;

/** The settings of one service, and how they are read. */
export type AwsAccessSettings<P extends string> = {
  readonly table: Readonly<Record<AccessNames<P>, Setting<string | undefined>>>;
  /** `region` counts where none is set for the service. Throws a SettingsError when the access key has no secret, or the reverse. */
  read(settings: Readonly<Record<AccessNames<P>, string | undefined>>, region: string): AwsAccess;
};

/** The four settings by which a service of AWS is reached. */
export function awsAccess<P extends string>(service: AwsService<P>): AwsAccessSettings<P> {
  const { prefix, area, name } = service;
  const env = (what: string) => `ROOMSTREAM_${area}_${what}`;
  const table = {
    [`${prefix}Endpoint`]: endpoint(
      env('ENDPOINT'),
      `URL of ${name}, or of anything that speaks its API; when empty the AWS SDK’s own rule holds (\`${service.sdkEndpoint}\`, else AWS).`,
    ),
    [`${prefix}Region`]: optionalRegion(
      env('REGION'),
      `Region for ${name}; when empty \`ROOMSTREAM_REGION\`.`,
    ),
    [`${prefix}AccessKeyId`]: optionalText({
      env: env('ACCESS_KEY_ID'),
      about: `Access key for ${name}; when empty what the AWS SDK finds (\`AWS_ACCESS_KEY_ID\`, profile, role). It needs ${service.rights}.`,
    }),
    [`${prefix}SecretAccessKey`]: optionalText({
      env: env('SECRET_ACCESS_KEY'),
      about: 'Its secret; both or none.',
      secret: true,
    }),
  } as Record<AccessNames<P>, Setting<string | undefined>>;
  return {
    table,
    read: (settings, region) => {
      const id = settings[`${prefix}AccessKeyId`];
      const secret = settings[`${prefix}SecretAccessKey`];
      if ((id === undefined) !== (secret === undefined)) {
        throw new SettingsError([
          `${env('ACCESS_KEY_ID')} and ${env('SECRET_ACCESS_KEY')} must be set both, or neither`,
        ]);
      }
      return {
        endpoint: settings[`${prefix}Endpoint`],
        region: settings[`${prefix}Region`] ?? region,
        credentials:
          id === undefined || secret === undefined ? undefined : { accessKeyId: id, secretAccessKey: secret },
      };
    },
  };
}

function endpoint(env: string, about: string): Setting<string | undefined> {
  return checked(env, about, (value) => {
    if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) {
      throw new Error(`must be a URL of http or https, got ${JSON.stringify(value)}`);
    }
  });
}

function optionalRegion(env: string, about: string): Setting<string | undefined> {
  return checked(env, about, (value) => {
    if (!/^[a-z0-9-]+$/.test(value)) {
      throw new Error(`must be lower-case letters, digits and hyphens, got ${JSON.stringify(value)}`);
    }
  });
}

function checked(env: string, about: string, check: (value: string) => void): Setting<string | undefined> {
  return {
    ...optionalText({ env, about }),
    read: (value) => {
      if (value === '') return undefined;
      check(value);
      return value;
    },
  };
}
