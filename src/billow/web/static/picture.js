// A chart as a PNG picture, on the page's own background.
"use strict";

function savePicture(figure) {
  const drawn = figure.querySelector("canvas");
  if (!drawn) return;
  const picture = document.createElement("canvas");
  picture.width = drawn.width;
  picture.height = drawn.height;
  const pen = picture.getContext("2d");
  pen.fillStyle = getComputedStyle(figure).backgroundColor;
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.drawImage(drawn, 0, 0);
  const link = document.createElement("a");
  link.download = `${figure.id}.png`;
  link.href = picture.toDataURL("image/png");
  link.click();
}

function showTools() {
  for (const button of document.querySelectorAll("[data-picture]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-picture]");
  if (button) savePicture(document.getElementById(button.dataset.picture));
});
document.addEventListener("htmx:after:swap", showTools);
showTools();
