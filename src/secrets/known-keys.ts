/** A key that a third party issues. */
export interface KnownKey {
  title: string;
  /** Stands in `.env.example`. */
  placeholder: string;
  /** What issued keys look like; lenient, since the issuers change them. Absent where anything may come. */
  format?: RegExp;
  /** The format in words. */
  looksLike?: string;
  /** Page where the key is made. */
  url?: string;
}

const known = new Map<string, KnownKey>(
  Object.entries({
    ANTHROPIC_API_KEY: prefixed(
      'Anthropic API key',
      'sk-ant-',
      'https://console.anthropic.com/settings/keys',
    ),
    OPENAI_API_KEY: prefixed('OpenAI API key', 'sk-', 'https://platform.openai.com/api-keys'),
    GEMINI_API_KEY: free('Google Gemini API key', 'https://aistudio.google.com/apikey'),
    MISTRAL_API_KEY: free('Mistral API key', 'https://console.mistral.ai/api-keys'),
    GROQ_API_KEY: prefixed('Groq API key', 'gsk_', 'https://console.groq.com/keys'),
    COHERE_API_KEY: free('Cohere API key', 'https://dashboard.cohere.com/api-keys'),
    HF_TOKEN: prefixed('Hugging Face token', 'hf_', 'https://huggingface.co/settings/tokens'),
    LANGFUSE_PUBLIC_KEY: prefixed('Langfuse public key', 'pk-lf-', 'https://cloud.langfuse.com'),
    LANGFUSE_SECRET_KEY: prefixed('Langfuse secret key', 'sk-lf-', 'https://cloud.langfuse.com'),
    STRIPE_SECRET_KEY: {
      title: 'Stripe secret key',
      placeholder: 'sk_test_...',
      format: /^[sr]k_(?:test|live)_[A-Za-z0-9]{10,}$/,
      looksLike: 'starts with sk_test_, sk_live_, rk_test_ or rk_live_',
      url: 'https://dashboard.stripe.com/apikeys',
    },
    STRIPE_PUBLISHABLE_KEY: {
      title: 'Stripe publishable key',
      placeholder: 'pk_test_...',
      format: /^pk_(?:test|live)_[A-Za-z0-9]{10,}$/,
      looksLike: 'starts with pk_test_ or pk_live_',
      url: 'https://dashboard.stripe.com/apikeys',
    },
    STRIPE_WEBHOOK_SECRET: prefixed(
      'Stripe webhook signing secret',
      'whsec_',
      'https://dashboard.stripe.com/webhooks',
    ),
    SENDGRID_API_KEY: prefixed('SendGrid API key', 'SG.', 'https://app.sendgrid.com/settings/api_keys'),
    RESEND_API_KEY: prefixed('Resend API key', 're_', 'https://resend.com/api-keys'),
    SMTP_PASSWORD: free('password of the mail account'),
    GOOGLE_CLIENT_ID: {
      title: 'Google OAuth client ID',
      placeholder: '000000000000-example.apps.googleusercontent.com',
      format: /^[A-Za-z0-9_-]+\.apps\.googleusercontent\.com$/,
      looksLike: 'ends in .apps.googleusercontent.com',
      url: 'https://console.cloud.google.com/apis/credentials',
    },
    // Clients from before 2021 have secrets without the prefix GOCSPX-.
    GOOGLE_CLIENT_SECRET: {
      title: 'Google OAuth client secret',
      placeholder: 'GOCSPX-...',
      format: /^[A-Za-z0-9_-]{20,}$/,
      looksLike: 'is at least 20 letters, digits, - and _',
      url: 'https://console.cloud.google.com/apis/credentials',
    },
    AWS_ACCESS_KEY_ID: {
      title: 'AWS access key ID',
      placeholder: 'AKIA...',
      format: /^A[A-Z]IA[A-Z0-9]{12,124}$/,
      looksLike: 'starts with AKIA or ASIA, capital letters and digits only',
      url: 'https://console.aws.amazon.com/iam/home#/security_credentials',
    },
    AWS_SECRET_ACCESS_KEY: {
      title: 'AWS secret access key',
      placeholder: '...',
      format: /^[A-Za-z0-9/+=]{40,}$/,
      looksLike: 'is 40 letters, digits, / and +',
      url: 'https://console.aws.amazon.com/iam/home#/security_credentials',
    },
    GITHUB_TOKEN: {
      title: 'GitHub token',
      placeholder: 'github_pat_...',
      format: /^(?:gh[a-z]_\S{20,}|github_pat_\S{20,}|[0-9a-f]{40})$/,
      looksLike: 'starts with github_pat_, ghp_ or another gh?_ prefix',
      url: 'https://github.com/settings/tokens',
    },
    SLACK_BOT_TOKEN: prefixed('Slack bot token', 'xoxb-', 'https://api.slack.com/apps'),
    TELEGRAM_BOT_TOKEN: {
      title: 'Telegram bot token',
      placeholder: '123456:...',
      format: /^[0-9]+:[A-Za-z0-9_-]{30,}$/,
      looksLike: 'is digits, a colon and at least 30 characters',
      url: 'https://t.me/BotFather',
    },
    CLOUDFLARE_API_TOKEN: free('Cloudflare API token', 'https://dash.cloudflare.com/profile/api-tokens'),
    SENTRY_DSN: {
      title: 'Sentry DSN',
      placeholder: 'https://key@host.ingest.sentry.io/1',
      format: /^https?:\/\/[^@\s]+@\S+\/[0-9]+$/,
      looksLike: 'is a URL such as https://key@host/1',
      url: 'https://sentry.io/settings/projects/',
    },
  }),
);

/**
 * What is known about a third party's key by the usual name of its variable, `ANTHROPIC_API_KEY`, or by that name behind
 * an app's, `WEB_ANTHROPIC_API_KEY`.
 */
export function knownKey(name: string): KnownKey | undefined {
  const words = name.split('_');
  return words.map((_, index) => known.get(words.slice(index).join('_'))).find((key) => key !== undefined);
}

/** The names `knownKey` answers to. */
export function knownKeyNames(): readonly string[] {
  return [...known.keys()];
}

/** Says what is wrong with a value for a known key, to stand behind the variable's name; undefined when nothing is. */
export function checkKnownKey(name: string, value: string): string | undefined {
  const key = knownKey(name);
  if (!key?.format || key.format.test(value)) return undefined;
  return `is no ${key.title}: that ${key.looksLike}`;
}

function prefixed(title: string, prefix: string, url: string): KnownKey {
  const format = new RegExp(`^${prefix.replaceAll('.', '\\.')}\\S{8,}$`);
  return { title, placeholder: `${prefix}...`, format, looksLike: `starts with ${prefix}`, url };
}

function free(title: string, url?: string): KnownKey {
  return { title, placeholder: '...', ...(url && { url }) };
}
