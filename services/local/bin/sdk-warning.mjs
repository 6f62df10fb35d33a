// On Node 20 the AWS SDK announces that its versions of 2027 will want a newer Node. Which version is installed is fixed
// by package-lock.json, so that is no news to whoever runs Roomstream.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
