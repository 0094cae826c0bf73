/** Names of files and folders that mean something, whoever touches them. Paths are absolute, `~` is any home. */

const HOME = '(?:/home/[^/]+|/root|/Users/[^/]+|~)'

export const TEMP = /^(\/private)?(\/tmp|\/var\/tmp)(\/|$)|^\/var\/folders\/|\/AppData\/Local\/Temp(\/|$)|^\/(windows\/)?temp(\/|$)/i

/** What a tool makes again: in a project, whoever deletes it loses minutes. */
export const BUILD_FOLDERS = /^(node_modules|bower_components|dist|build|out|output|target|bin|obj|coverage|htmlcov|\.nyc_output|\.next|\.nuxt|\.output|\.svelte-kit|\.turbo|\.parcel-cache|\.cache|\.vite|\.angular|\.gradle|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.tox|\.nox|\.eggs|[^/]+\.egg-info|__pycache__|\.venv|venv|\.terraform|cmake-build-[^/]*|_build|deps|tmp|temp|log|logs|\.cargo-cache|DerivedData|Pods|\.dart_tool|\.serverless|\.aws-sam|cdk\.out|storybook-static|\.docusaurus|public\/build|reports?|\.hypothesis|\.ipynb_checkpoints|elm-stuff|zig-(cache|out)|\.stack-work|dist-newstyle|\.build|buck-out|bazel-[^/]*|vendor\/bundle)$/i
export const BUILD_FILES = /(\.(o|obj|a|so|pyc|pyo|class|log|tmp|temp|bak|old|orig|rej|swp|swo|cache|pid|tsbuildinfo|gcda|gcno|d|map|min\.js|coverage|prof|dSYM|exe|dll)|~|^\.DS_Store|^Thumbs\.db|^core|^npm-debug\.log.*|^\.eslintcache|^\.coverage|^a\.out)$/

export const DEVICES_WITHOUT_HARM = /^\/dev\/(null|zero|full|u?random|tty|stdin|stdout|stderr|fd(\/\d+)?|ptmx)$/

/** Folders of a home whose loss is the loss of the home. */
export const HOME_FOLDERS = /^(Documents|Desktop|Pictures|Photos|Music|Videos|Movies|Library|Mail|Dropbox|OneDrive|Downloads|AppData|\.ssh|\.gnupg|\.config|\.local|\.local\/share|\.mozilla|\.aws|\.kube|\.password-store|work|src|code|projects?|repos|dev)$/i

/** Without these a system does not start, or nobody or anybody gets in. */
export const VITAL = new RegExp([
  '^/(boot|bin|sbin|lib|lib32|lib64|usr/bin|usr/sbin|usr/lib|usr/lib64|sys|System)(/|$)', '^/proc(?!/sys/(vm|net|fs|kernel/sysrq$))(/|$)', '^/windows/(system32|boot|syswow64)', '^/windows$',
  '^/etc/(passwd|shadow|gshadow|group|sudoers|fstab|crypttab|hosts\\.(allow|deny)|securetty|nsswitch\\.conf|ld\\.so\\.(conf|preload|cache))[-~]?$', '^/etc/(sudoers\\.d|pam\\.d|security|selinux|apparmor\\.d|ssh|ssl|pki|audit|polkit-1)(/|$)', '^/usr/local/bin/sudo$',
].join('|'), 'i')

export const AUDIT = new RegExp(['^/var/log(/|$)', '^/var/(run|log)/[uw]tmp$', `^${HOME}/\\.(bash|zsh|python|node_repl|mysql|psql)_history$`, `^${HOME}/\\.local/share/fish/fish_history$`, 'ConsoleHost_history\\.txt$', '/winevt/logs(/|$)'].join('|'), 'i')

/** What is here runs by itself later. */
export const STARTUP = new RegExp([
  `^${HOME}/\\.(bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|login|xinitrc|xprofile|xsession|inputrc|vimrc|emacs|gdbinit|pythonrc)$`,
  `^${HOME}/\\.config/(fish/|autostart/|systemd/user/|nvim/init)`, `^${HOME}/\\.ssh/(authorized_keys2?|rc|config)$`, `^${HOME}/Library/Launch(Agents|Daemons)/`, '^/Library/Launch(Agents|Daemons)/',
  '^/etc/(cron[^/]*|anacrontab|profile|profile\\.d|bash\\.bashrc|bashrc|zsh|environment|rc\\.local|rc[0-9S]?\\.d|init\\.d|init|systemd|xdg/autostart|update-motd\\.d|udev|modules-load\\.d|modprobe\\.d|inittab)(/|$|\\.)', '^/var/spool/(cron|at)', '^/(usr/)?lib/systemd/', '^/run/systemd/system',
  '/Start Menu/Programs/Startup', 'Microsoft\\.PowerShell_profile\\.ps1$', '^/windows/tasks',
].join('|'), 'i')

export const WHOLE_DISK = /^\/$/
export const SYSTEM_ROOTS = /^\/(etc|usr|var|opt|srv|home|Users|mnt|media|run|root|usr\/(local|share|include|src)|var\/(lib|www|mail|spool|backups|db)|Applications|Library|Volumes|private|data|program files( \(x86\))?|programdata|users)$/i
/** Deeper, and as precious. */
export const PRECIOUS_SYSTEM = /^\/(var\/lib\/(mysql|mariadb|postgres(ql)?|pgsql|mongodb|redis|docker|containerd|kubelet|etcd|dpkg|rpm|pacman|elasticsearch|influxdb|rabbitmq|libvirt|clickhouse|cassandra)(\/(main|data|volumes|wal|raft|member))?|var\/backups\/.*|home\/[^/]+|Users\/[^/]+|mnt\/[^/]+|media\/[^/]+(\/[^/]+)?|Volumes\/[^/]+|etc\/(kubernetes|letsencrypt|mysql|postgresql|nginx|apache2|ssl)|backups?(\/.*)?)$/i

/** Files whose content is a credential. */
export const SECRETS = new RegExp([
  '(^|/)\\.env(\\.[A-Za-z0-9_-]+)*$', '(^|/)\\.envrc$', '(^|/)(id_(rsa|dsa|ecdsa|ed25519)[^/]*)$', '\\.(pem|key|p12|pfx|jks|keystore|kdbx?|ppk|ovpn|keytab|asc\\.key|agekey)$', '(^|/)\\.(netrc|pgpass|npmrc|yarnrc|pypirc|git-credentials|vault-token|my\\.cnf|mylogin\\.cnf|htpasswd|s3cfg|boto|dockercfg|rhosts|smbcredentials)$', '(^|/)_netrc$',
  '/\\.ssh(/[^/]*)?$', '/\\.gnupg(/|$)', '/\\.aws(/(credentials|sso|cli)|$)', '/\\.kube(/config[^/]*|$)', '(^|/)kubeconfig(\\.[^/]*)?$', '/\\.docker(/config\\.json|$)', '/\\.config/(gcloud|gh|hub|op|rclone|doctl|helm/registry)(/|$)', '/\\.azure(/|$)', '/\\.terraform\\.d/credentials', '/\\.(cargo/credentials|gem/credentials|m2/settings-security|composer/auth)', '/\\.password-store(/|$)', '/\\.electrum|wallet\\.dat$',
  '^/etc/g?shadow-?$', '^/etc/ssl/private(/|$)', '^/etc/ssh/ssh_host_.*_key$', '^/etc/krb5\\.keytab$', '^/etc/kubernetes/(admin|kubelet|controller-manager|scheduler)\\.conf$', '^/etc/(wireguard|ppp)/', '/proc/[^/]+/environ$', '^/(var/)?run/secrets(/|$)', '^/etc/rancher/.*\\.yaml$',
  '(^|[/._-])(secrets?|credentials?|passwords?|passwd|tokens?|service[-_]?account[^/]*|client_secret[^/]*|application_default_credentials)\\.(json|ya?ml|toml|txt|env|ini|cfg|conf|csv|db|properties|xml|tfvars|sh|kdbx)$', '(^|/)(api[-_]?keys?|secret|secrets|credentials|private[-_]?key)(\\.txt|\\.json)?$', '(^|/)(terraform\\.tfstate(\\.backup)?|.*\\.tfvars|master\\.key|secret_key_base|production\\.key)$', '(^|/)wp-config\\.php$',
  '(Login Data|Cookies|logins\\.json|key[34]\\.db|cookies\\.sqlite|login\\.keychain(-db)?)$', '/Keychains(/|$)', '/(system32/config/)(sam|system|security)$', 'ntds\\.dit$', '/Microsoft/(Credentials|Protect)(/|$)', '(^|/)unattend\\.xml$',
].join('|'), 'i')
export const NO_SECRETS = /(\.(example|sample|template|dist|defaults?|schema|md|pub|test|ci)|known_hosts(\.old)?|authorized_keys2?|\/\.ssh\/config|\.(c|h|go|rs|py|ts|tsx|js|jsx|rb|java|spec\.\w+))$|\.(example|sample|template)\.|\/(cacert|ca-bundle|ca-certificates|ca|fullchain|chain|cert)\.pem$|node_modules/i

/** Variables whose value is a credential. */
export const SECRET_NAMES = /(^|_)(SECRETS?|TOKEN|PASS(W(OR)?D|PHRASE)?|PWD|API_?KEYS?|APIKEY|PRIVATE_?KEY|ACCESS_?KEY|SECRET_?KEY|SIGNING_?KEY|ENCRYPTION_?KEY|CREDENTIALS?|PAT|DSN)(_(ID|KEY|BASE64|B64|PROD|DEV|VALUE|BASE))?$|^(DATABASE|REDIS|MONGO(DB)?|POSTGRES(QL)?|MYSQL|AMQP|DB)_(URL|URI)$|^KEY$/i
export const NO_SECRET_NAMES = /^(PWD|OLDPWD|SSH_AUTH_SOCK|.*_(FILE|PATH|DIR|NAME))$/
