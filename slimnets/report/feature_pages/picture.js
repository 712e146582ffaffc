"use strict";
// Shows the image of a point that the pointer or the keyboard is on; arrow keys go to
// the nearest point in their direction, and buttons hide and show classes.
const plane = document.querySelector(".plane");
const points = [...plane.querySelectorAll(".point")];
const peek = document.querySelector(".peek");
const placeOf = (point) => [Number(point.dataset.x), Number(point.dataset.y)];

function show(point) {
  const name = document.createElement("figcaption");
  name.textContent = point.getAttribute("aria-label");
  peek.replaceChildren(name);
  if (point.dataset.picture) {
    const image = document.createElement("img");
    image.src = point.dataset.picture;
    image.alt = "";
    peek.prepend(image);
  }
  peek.hidden = false;
  const box = point.getBoundingClientRect();
  const width = peek.offsetWidth;
  const height = peek.offsetHeight;
  const right = box.right + 8;
  const room = document.documentElement.clientWidth;
  const left = right + width <= room ? right : Math.max(0, box.left - width - 8);
  const above = box.top - height - 8;
  const top = above >= 0 ? above : box.bottom + 8;
  peek.style.left = `${left + window.scrollX}px`;
  peek.style.top = `${top + window.scrollY}px`;
}

function hide() {
  peek.hidden = true;
}

function enterAt(point) {
  for (const each of points) each.setAttribute("tabindex", each === point ? "0" : "-1");
}

function findNearest(from, [dx, dy]) {
  const [x, y] = placeOf(from);
  let best = null;
  let least = Infinity;
  for (const point of points) {
    if (point === from || point.classList.contains("hidden")) continue;
    const [px, py] = placeOf(point);
    const along = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (along > 0 && along + 2 * aside < least) {
      best = point;
      least = along + 2 * aside;
    }
  }
  return best;
}

const directions = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

plane.addEventListener("keydown", (event) => {
  const point = event.target.closest(".point");
  if (!point) return;
  if (event.key === "Escape") hide();
  if (!(event.key in directions)) return;
  event.preventDefault();
  const next = findNearest(point, directions[event.key]);
  if (next) next.focus();
});
plane.addEventListener("focusin", (event) => {
  const point = event.target.closest(".point");
  if (!point) return;
  enterAt(point);
  show(point);
});
plane.addEventListener("focusout", hide);
plane.addEventListener("pointerover", (event) => {
  const point = event.target.closest(".point");
  if (point) show(point);
});
plane.addEventListener("pointerout", () => {
  const focused = document.activeElement.closest(".point");
  if (focused) show(focused);
  else hide();
});

for (const button of document.querySelectorAll(".groups button")) {
  button.addEventListener("click", () => {
    const isShown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isShown));
    for (const point of points)
      if (point.dataset.group === button.dataset.group)
        point.classList.toggle("hidden", !isShown);
    const first = points.find((point) => !point.classList.contains("hidden"));
    if (first) enterAt(first);
  });
}
