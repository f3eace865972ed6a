// Routes on the operator's tiles, or on the area's own streets; nothing is fetched from elsewhere without being named.
"use strict";
(() => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const wide = { highway: { motorway: 5, trunk: 5, primary: 4.5, secondary: 3.5, tertiary: 3 } };

  function pin(className, text, colourIndex) {
    const icon = document.createElement("span");
    icon.className = `pin ${className}`;
    icon.textContent = text;
    return window.L.divIcon({ className: `rc-${colourIndex}`, html: icon, iconSize: [24, 24], iconAnchor: [12, 12] });
  }

  // Leaflet sets an attribution as markup
  function escaped(words) {
    const node = document.createElement("i");
    node.textContent = words;
    return node.innerHTML;
  }

  function ground(map, data) {
    if (data.tiles) {
      const { url, attribution, zoom } = data.tiles;
      window.L.tileLayer(url, { maxZoom: 20, maxNativeZoom: zoom, attribution: escaped(attribution) }).addTo(map);
    }
    if (!data.area) return Promise.resolve();
    return fetch(data.area).then((reply) => (reply.ok ? reply.json() : null)).then((area) => area && draw(map, area));
  }

  function draw(map, area) {
    map.createPane("names").style.zIndex = 300; // under the routes and their stops
    map.createPane("districts").style.zIndex = 210;
    map.createPane("casing").style.zIndex = 220;
    map.createPane("streets").style.zIndex = 230;
    const kind = (feature) => feature.geometry.type;
    const is = (name) => (feature) => kind(feature).includes(name);
    const width = (feature) => wide.highway[feature.properties?.highway] || Number(feature.properties?.width) || 3;
    const canvas = { renderer: window.L.canvas({ pane: "streets" }), interactive: false };
    const districts = window.L.geoJSON(area, {
      pane: "districts", interactive: false, filter: is("Polygon"),
      style: ground_style,
      onEachFeature: name,
    }).addTo(map);
    window.L.geoJSON(area, { ...canvas, renderer: window.L.canvas({ pane: "casing" }), filter: is("LineString"), style: (f) => ({ color: colour("--map-casing"), weight: width(f) + 2 }) }).addTo(map);
    window.L.geoJSON(area, { ...canvas, filter: is("LineString"), style: (f) => ({ color: colour("--map-street"), weight: width(f) }) }).addTo(map);
    if (districts.getBounds().isValid()) map.panInsideBounds(districts.getBounds(), { animate: false }); // no empty ground beside it
  }

  const GROUND = { water: "--map-water", park: "--map-park" };

  function ground_style(feature) {
    const fill = GROUND[feature.properties?.kind];
    if (fill) return { stroke: false, fillColor: colour(fill), fillOpacity: 1 };
    const line = colour("--map-district");
    return { color: line, weight: 1.5, fillColor: line, fillOpacity: 0.18, dashArray: "6 4" };
  }

  function name(feature, layer) {
    const said = feature.properties || {};
    const title = said[`name_${document.documentElement.lang.slice(0, 2)}`] || said.name;
    if (!title) return;
    const text = document.createElement("span");
    text.textContent = title;
    layer.bindTooltip(text, { permanent: true, direction: "center", className: `district-name of-${said.kind || "area"}`, pane: "names" });
  }

  function routes(map, data, layer) {
    layer.clearLayers();
    const seen = [];
    for (const route of data.routes) {
      const line = colour(`--route-${route.colour}`);
      window.L.polyline(route.path, { color: colour("--card"), weight: 7, opacity: 0.8, interactive: false }).addTo(layer);
      window.L.polyline(route.path, { color: line, weight: 4, opacity: 0.95 }).bindTooltip(text(route.name || "")).addTo(layer);
      seen.push(...route.path);
    }
    for (const route of data.routes) {
      for (const stop of route.stops) {
        const marker = window.L.marker([stop.lat, stop.lon], {
          icon: pin(`p-${stop.status}`, String(stop.n), route.colour), keyboard: false, title: `${stop.n} · ${stop.label}`,
        });
        marker.bindTooltip(text(`${stop.n} · ${stop.return} · ${stop.label}`)).addTo(layer);
        seen.push([stop.lat, stop.lon]);
      }
    }
    for (const { courier, colour: index, name: who } of data.routes.filter((route) => route.courier)) {
      const at = [courier.lat, courier.lon];
      if (courier.accuracy_m) window.L.circle(at, { radius: courier.accuracy_m, color: colour(`--route-${index}`), weight: 1, fillOpacity: 0.08, interactive: false }).addTo(layer);
      window.L.marker(at, { icon: pin("here", "●", index), keyboard: false, zIndexOffset: 500, title: `${who} · ${courier.label}` })
        .bindTooltip(text(`${who} · ${courier.label}`)).addTo(layer);
      seen.push(at);
    }
    for (const depot of data.depots) {
      window.L.marker([depot.lat, depot.lon], { icon: pin("depot", "⌂", 0), keyboard: false }).bindTooltip(text(depot.name)).addTo(layer);
      seen.push([depot.lat, depot.lon]);
    }
    return seen;
  }

  // what collectors serve, under the streets; who doesn't want to see it clears the tick
  function areas(map, drawn, title) {
    if (!drawn?.length) return;
    map.createPane("areas").style.zIndex = 215;
    const line = colour("--accent");
    const layer = window.L.featureGroup(drawn.map((area) => window.L.polygon(area.polygons, {
      pane: "areas", color: line, weight: 2, dashArray: "2 6", fillColor: line, fillOpacity: 0.1,
    }).bindTooltip(text(area.name), { sticky: true }))).addTo(map);
    window.L.control.layers(null, { [escaped(title)]: layer }, { collapsed: false, position: "bottomleft" }).addTo(map);
  }

  function text(words) {
    const node = document.createElement("span");
    node.textContent = words;
    return node;
  }

  async function show(box) {
    const reply = await fetch(box.dataset.map, { headers: { Accept: "application/json" } });
    if (!reply.ok) return;
    const data = await reply.json();
    if (box.map) { routes(box.map, data, box.layer); return; }
    const map = window.L.map(box, { attributionControl: Boolean(data.tiles), zoomSnap: 0.25, scrollWheelZoom: !box.closest(".courier") });
    map.attributionControl?.setPrefix(false);
    box.map = map;
    box.layer = window.L.layerGroup().addTo(map);
    const seen = routes(map, data, box.layer);
    map.fitBounds(seen.length ? window.L.latLngBounds(seen).pad(0.08) : [[22.5, 113.9], [22.6, 114.1]]);
    areas(map, data.areas, box.dataset.areas);
    await ground(map, data);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const boxes = () => document.querySelectorAll("[data-map]");
    const draw_all = () => boxes().forEach((box) => show(box).catch(() => { box.classList.add("no-map"); }));
    draw_all();
    for (const topic of ["live:routes", "live:returns"]) document.body.addEventListener(topic, draw_all);
    document.body.addEventListener("htmx:afterSettle", (event) => { if (event.detail.elt?.id === "route") draw_all(); });
  });
})();
