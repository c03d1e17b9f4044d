"use strict";
// Runs in the head, before anything is painted, so that a remembered theme does not flash in the other one.
{
  const KEY = "sweeper.theme";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // Reading and writing throw where the browser allows files no storage: then the choice lasts as long as the page.
  const remembered = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const remember = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {}
  };

  const theme = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const announce = () => document.dispatchEvent(new CustomEvent("themechange"));

  const label = (button) => {
    button.title = theme() === "dark" ? "Show in light" : "Show in dark";
    button.setAttribute("aria-label", button.title);
  };

  root.classList.add("scripted");
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      remember(root.dataset.theme);
      label(button);
      announce();
    });
    dark.addEventListener("change", () => {
      label(button);
      announce();
    });
    label(button);
  });
}
