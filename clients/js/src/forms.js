// Entry of static/forms.js.
import { install, enhance, watch } from "./page.js";
import { words } from "./words.js";

// several scripts of the service on one page are one
if (!window.formsService) {
  window.formsService = { enhance, watch, words };
  install();
}
