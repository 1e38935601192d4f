// Certificates for tests over TLS, made by openssl.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;

/** A CA, and a server's and a client's certificate from it. */
export function makeCertificates(dir: string): void {
  const run = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  run("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=hospital", "-days", "3650");
  writeFileSync(join(dir, "names"), "subjectAltName=IP:127.0.0.1");
  for (const name of ["server", "client"]) {
    run("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "3650"];
    run("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by);
  }
}
