/*
 * The configurations that the generated edge is measured against, for the same container, certificate and app. Paths
 * are moved to where an unprivileged nginx may write, and there is one worker everywhere; nothing else is changed.
 */

const container = `
worker_processes 1;
pid /tmp/nginx.pid;
events { worker_connections 4096; }
`;

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path /tmp/${name};`)
  .join(' ');

const certificate = `ssl_certificate /etc/secure-stack/certs/fullchain.pem;
    ssl_certificate_key /etc/secure-stack/certs/privkey.pem;`;

const health = `server { listen 8080; location = /health { access_log off; return 200 "ok\\n"; } }`;

/** TLS guideline 6.0, intermediate, as its generator prints it for nginx 1.30, around the least possible proxy. */
export const bare = `${container}
error_log stderr error;
http {
    ${temporary}
    access_log /dev/stdout;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
    ssl_prefer_server_ciphers off;
    ssl_session_timeout 1d;
    ssl_session_cache shared:MozSSL:10m;
    upstream web { server web:3000; keepalive 32; }
    ${health}
    server {
        listen 8443 ssl;
        http2 on;
        server_name a.example.test;
        ${certificate}
        add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;
        location / {
            proxy_pass http://web;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
        }
    }
}
`;

/**
 * What nginxconfig.io prints by default for a reverse proxy (digitalocean/nginxconfig.io, commit dd290c0). Left out, to
 * its advantage or because it cannot work here: OCSP stapling with public resolvers, the table that parses `Forwarded`.
 */
export const nginxconfig = `${container}
error_log /dev/null;
worker_rlimit_nofile 8192;
http {
    ${temporary}
    charset utf-8;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    server_tokens off;
    log_not_found off;
    types_hash_max_size 2048;
    types_hash_bucket_size 64;
    client_max_body_size 16M;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    ssl_session_timeout 1d;
    ssl_session_cache shared:SSL:10m;
    ssl_session_tickets off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384;
    map $http_upgrade $connection_upgrade { default upgrade; "" close; }
    map $remote_addr $proxy_forwarded_elem {
        ~^[0-9.]+$ "for=$remote_addr";
        ~^[0-9A-Fa-f:.]+$ "for=\\"[$remote_addr]\\"";
        default "for=unknown";
    }
    ${health}
    server {
        listen 8443 ssl http2;
        server_name a.example.test;
        ${certificate}
        add_header X-XSS-Protection "1; mode=block" always;
        add_header X-Content-Type-Options "nosniff" always;
        add_header Referrer-Policy "no-referrer-when-downgrade" always;
        add_header Content-Security-Policy "default-src 'self' http: https: ws: wss: data: blob: 'unsafe-inline'; frame-ancestors 'self';" always;
        add_header Permissions-Policy "interest-cohort=()" always;
        add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
        location ~ /\\.(?!well-known) { deny all; }
        access_log /tmp/access.log combined buffer=512k flush=1m;
        error_log /tmp/error.log warn;
        location / {
            proxy_pass http://web:3000;
            proxy_set_header Host $host;
            proxy_http_version 1.1;
            proxy_cache_bypass $http_upgrade;
            proxy_ssl_server_name on;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header Forwarded $proxy_forwarded_elem;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_connect_timeout 60s;
            proxy_send_timeout 60s;
            proxy_read_timeout 60s;
        }
        location = /favicon.ico { log_not_found off; }
        location = /robots.txt { log_not_found off; }
        gzip on;
        gzip_vary on;
        gzip_proxied any;
        gzip_comp_level 6;
        gzip_types text/plain text/css text/xml application/json application/javascript application/rss+xml application/atom+xml image/svg+xml;
    }
}
`;

/** An app that costs next to nothing, so that the proxy is what is measured. */
export const app = `
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
    ${temporary}
    access_log off;
    keepalive_requests 1000000;
    server {
        listen 3000;
        location = /health { return 200 "ok\\n"; }
        location / { default_type text/html; return 200 "${'x'.repeat(1024)}"; }
    }
}
`;
