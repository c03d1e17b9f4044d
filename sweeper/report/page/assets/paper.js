"use strict";
// Paper cannot be clicked: what is folded up is opened for printing, and folded up again.
{
  let opened = [];

  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });

  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
}
