/** Tokens whose name says whose they are: to sign in there is what they are for, to show them to others gives them away. */
const OWNERS: readonly (readonly [name: RegExp, hosts: RegExp])[] = [
  // Some of these are run by companies on their own hosts, under names that say so.
  [/^(GITHUB|GH)_/, /github|\bgit\.|ghe|ghcr/], [/^GITLAB_|^CI_JOB_TOKEN$/, /gitlab|\bgit\.|\bcode\./], [/^SLACK_/, /slack/], [/^NPM_/, /npm|registry|yarnpkg/], [/^OPENAI_/, /openai|azure/], [/^ANTHROPIC_/, /anthropic|claude/],
  [/^AWS_/, /aws/], [/^AZURE_/, /azure|windows\.net|microsoft/], [/^(GCP|GOOGLE|GCLOUD)_/, /google/], [/^(HF|HUGGING_?FACE)_/, /huggingface|hf\.co/], [/^STRIPE_/, /stripe/], [/^(DO|DIGITALOCEAN)_/, /digitalocean/], [/^(CF|CLOUDFLARE)_/, /cloudflare/],
  [/^HEROKU_/, /heroku/], [/^VERCEL_/, /vercel/], [/^NETLIFY_/, /netlify/], [/^(PYPI|TWINE)_/, /pypi|python\.org/], [/^TWILIO_/, /twilio/], [/^SENDGRID_/, /sendgrid/], [/^TELEGRAM_/, /telegram/], [/^DISCORD_/, /discord/], [/^CIRCLE(CI)?_/, /circleci/],
]

/** Which of these names belong to somebody, none of whom is behind these addresses. */
export function strayIn(names: ReadonlySet<string>, addresses: readonly string[]): string | undefined {
  const owned = [...names].flatMap((name) => OWNERS.filter(([own]) => own.test(name)).map(([, hosts]) => ({ name, hosts })))
  if (owned.length === 0 || owned.length < names.size || addresses.length === 0) return undefined
  const hosts = addresses.map((address) => /^(?:\w+:\/\/)?(?:[^/@]*@)?([^/:?#]+)/.exec(address)?.[1]?.toLowerCase() ?? '')
  // A host that a variable names is somebody's choice.
  if (hosts.some((host) => !/^[a-z0-9.-]+\.[a-z]{2,}$/.test(host))) return undefined
  return hosts.some((host) => owned.some((one) => one.hosts.test(host))) ? undefined : owned[0]?.name
}
