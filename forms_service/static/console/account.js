// Offers the device's time zone where it is in the list.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-device-zone]")) {
    const select = document.querySelector(button.dataset.deviceZone);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const isListed = [...select.options].some((option) => option.value === zone);
    if (!isListed || select.value === zone) continue;
    button.textContent = `Use the time zone of this device (${zone.replaceAll("_", " ")})`;
    button.hidden = false;
    button.addEventListener("click", () => {
      select.value = zone;
      select.focus();
      button.hidden = true;
      window.formsConsole.announce(`Time zone: ${zone}. Save to keep it.`);
    });
  }
});
