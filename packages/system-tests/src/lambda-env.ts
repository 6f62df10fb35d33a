/** Settings with which review workers invoke functions at this URL instead of AWS. */
export const lambdaEnv = (url: string): Readonly<Record<string, string>> => ({
  ROOMSTREAM_LAMBDA_ENDPOINT: url,
  ROOMSTREAM_LAMBDA_ACCESS_KEY_ID: 'test',
  ROOMSTREAM_LAMBDA_SECRET_ACCESS_KEY: 'test',
});
