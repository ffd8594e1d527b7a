import "./vendor/altcha/altcha.min.js";

const worker = new URL("./vendor/altcha/pbkdf2.js", import.meta.url);
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(worker));

// the widget takes the language of the page
const site = (label) => `<a href="https://altcha.org/" tabindex="-1" target="_blank" aria-label="${label}">ALTCHA</a>`;
globalThis.$altcha.i18n.set("de", {
  ariaLinkLabel: "ALTCHA (offizielle Website)",
  error: "Die Prüfung ist fehlgeschlagen. Bitte versuchen Sie es später noch einmal.",
  expired: "Die Prüfung ist abgelaufen. Bitte versuchen Sie es noch einmal.",
  footer: `Geschützt durch ${site("ALTCHA (offizielle Website)")}`,
  label: "Ich bin ein Mensch",
  loading: "Wird geladen …",
  reload: "Neu laden",
  verify: "Prüfen",
  verificationRequired: "Bitte lassen Sie sich prüfen.",
  verified: "Geprüft",
  verifying: "Wird geprüft …",
  waitAlert: "Die Prüfung läuft, bitte warten Sie.",
});
globalThis.$altcha.i18n.set("fr", {
  ariaLinkLabel: "ALTCHA (site officiel)",
  error: "La vérification a échoué. Veuillez réessayer plus tard.",
  expired: "La vérification a expiré. Veuillez réessayer.",
  footer: `Protégé par ${site("ALTCHA (site officiel)")}`,
  label: "Je suis un être humain",
  loading: "Chargement…",
  reload: "Recharger",
  verify: "Vérifier",
  verificationRequired: "La vérification est nécessaire.",
  verified: "Vérifié",
  verifying: "Vérification…",
  waitAlert: "Vérification en cours, veuillez patienter.",
});
globalThis.$altcha.i18n.set("es", {
  ariaLinkLabel: "ALTCHA (sitio oficial)",
  error: "La comprobación ha fallado. Inténtelo de nuevo más tarde.",
  expired: "La comprobación ha caducado. Inténtelo de nuevo.",
  footer: `Protegido por ${site("ALTCHA (sitio oficial)")}`,
  label: "Soy una persona",
  loading: "Cargando…",
  reload: "Recargar",
  verify: "Comprobar",
  verificationRequired: "Es necesaria la comprobación.",
  verified: "Comprobado",
  verifying: "Comprobando…",
  waitAlert: "Comprobando, espere un momento.",
});
