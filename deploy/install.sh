#!/bin/sh
# Installs Yingda from this folder, without a network: binary, user, unit. Run as root; again it is an update.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" -eq 0 ] || { echo "run this as root" >&2; exit 1; }
"$here/yingda" --version
id yingda >/dev/null 2>&1 || useradd --system --home-dir /var/lib/yingda --create-home --shell /usr/sbin/nologin yingda
# Put in place whole: a running process keeps its own file.
install -m 755 "$here/yingda" /usr/local/bin/yingda.new
mv /usr/local/bin/yingda.new /usr/local/bin/yingda
install -m 644 "$here/yingda.service" /etc/systemd/system/yingda.service
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable yingda
    systemctl restart yingda
    echo "Yingda runs; its log tells where to begin: journalctl -u yingda"
else
    echo "Installed; start it with: yingda serve --data /var/lib/yingda"
fi
