/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-ensemble-graph.h"

#include "jobs/dms-port-config.h"

#include <string.h>

/* Of the drawing, in its units. */
enum
{
  BOX_WIDTH = 170,
  BOX_HEIGHT = 48,
  GAP = 30,
  TITLE = 30,
  LINE = 16,
  NODES_PER_ROW = 4,
};

/* An allocation and where it is drawn. */
typedef struct
{
  DmsAllocationConfig *config;
  guint layer;
  gboolean settled;
  int x;
  int y;
} Box;

typedef struct
{
  DmsNodeConfig *config;
  /* (element-type Box) */
  GPtrArray *boxes;
  /* name → Box */
  GHashTable *by_name;
  guint n_layers;
  guint widest;
  int x;
  int y;
  int width;
  int height;
} Frame;

static void
frame_free (gpointer data)
{
  Frame *frame = data;

  g_hash_table_unref (frame->by_name);
  g_ptr_array_unref (frame->boxes);
  g_free (frame);
}

/* Dependencies go round in no circle. */
static guint
settle (Frame *frame, Box *box)
{
  const char *const *targets = dms_allocation_config_get_depends_on (box->config);

  if (box->settled)
    return box->layer;
  box->settled = TRUE;
  for (guint i = 0; targets[i] != NULL; i++)
    {
      Box *target = g_hash_table_lookup (frame->by_name, targets[i]);

      if (target != NULL)
        box->layer = MAX (box->layer, settle (frame, target) + 1);
    }
  frame->n_layers = MAX (frame->n_layers, box->layer + 1);
  return box->layer;
}

/* (element-type Frame) */
static GPtrArray *
make_frames (DmsEnsemble *ensemble)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func (frame_free);
  GPtrArray *nodes = dms_ensemble_get_nodes (ensemble);

  for (guint i = 0; i < nodes->len; i++)
    {
      Frame *frame = g_new0 (Frame, 1);
      const char *const *names = dms_node_config_get_allocations (nodes->pdata[i]);

      frame->config = nodes->pdata[i];
      frame->boxes = g_ptr_array_new_with_free_func (g_free);
      frame->by_name = g_hash_table_new (g_str_hash, g_str_equal);
      for (guint j = 0; names[j] != NULL; j++)
        {
          DmsAllocationConfig *config = dms_ensemble_find_allocation (ensemble, names[j]);
          Box *box;

          if (config == NULL)
            continue;
          box = g_new0 (Box, 1);
          box->config = config;
          g_ptr_array_add (frame->boxes, box);
          g_hash_table_insert (frame->by_name, (gpointer) names[j], box);
        }
      for (guint j = 0; j < frame->boxes->len; j++)
        settle (frame, frame->boxes->pdata[j]);
      g_ptr_array_add (frames, frame);
    }
  return frames;
}

static char *
describe (DmsAllocationConfig *config)
{
  JsonObject *params = dms_allocation_config_get_params (config);
  const char *image = json_object_get_string_member_with_default (params, "image", NULL);

  return g_strdup_printf ("%s, %s%s%s",
                          dms_allocation_config_get_type_name (config),
                          dms_allocation_config_get_executor (config),
                          image != NULL ? ", " : "",
                          image != NULL ? image : "");
}

static char *
describe_port (DmsPortConfig *port)
{
  g_autofree char *any = dms_port_config_get_public (port) > 0
                             ? g_strdup_printf ("%u", dms_port_config_get_public (port))
                             : g_strdup ("any");

  return g_strdup_printf (
      "%s → %s:%u",
      any,
      dms_port_config_get_allocation (port) != NULL ? dms_port_config_get_allocation (port) : "",
      dms_port_config_get_private (port));
}

static char *
describe_edge (DmsEdge *edge)
{
  GString *text = g_string_new (NULL);

  if (dms_edge_get_rtt_ms (edge) > 0)
    g_string_append_printf (text, "≤ %u ms", dms_edge_get_rtt_ms (edge));
  if (dms_edge_get_bandwidth (edge) > 0)
    g_string_append_printf (
        text, "%s≥ %.6g Mbit/s", text->len > 0 ? ", " : "", (double) dms_edge_get_bandwidth (edge) / 1e6);
  return g_string_free (text, FALSE);
}

static char *
describe_node (DmsNodeConfig *node)
{
  GString *text = g_string_new (dms_node_config_get_name (node));

  if (dms_node_config_get_peer (node) != NULL)
    g_string_append_printf (text, " on %.16s…", dms_node_config_get_peer (node));
  if (dms_node_config_get_redundancy (node) > 0)
    g_string_append_printf (text, " + %u standby", dms_node_config_get_redundancy (node));
  return g_string_free (text, FALSE);
}

static void
append_text_box (GString *out, Box *box, gboolean last)
{
  const char *const *targets = dms_allocation_config_get_depends_on (box->config);
  g_autofree char *about = describe (box->config);
  g_autofree char *after = g_strjoinv (", ", (GStrv) targets);

  g_string_append_printf (
      out, "%s %s (%s)", last ? "└─" : "├─", dms_allocation_config_get_name (box->config), about);
  if (*after != '\0')
    g_string_append_printf (out, " after %s", after);
  if (dms_allocation_config_get_health_check (box->config) != NULL)
    g_string_append (out, ", with a health check");
  g_string_append_c (out, '\n');
}

char *
dms_ensemble_graph_to_text (DmsEnsemble *ensemble)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GPtrArray) frames = make_frames (ensemble);
  GPtrArray *edges = dms_ensemble_get_edges (ensemble);

  for (guint i = 0; i < frames->len; i++)
    {
      Frame *frame = frames->pdata[i];
      GPtrArray *ports = dms_node_config_get_ports (frame->config);
      g_autofree char *title = describe_node (frame->config);
      guint n_shown = 0;

      g_string_append_printf (out, "%s\n", title);
      for (guint layer = 0; layer < frame->n_layers; layer++)
        {
          for (guint j = 0; j < frame->boxes->len; j++)
            {
              Box *box = frame->boxes->pdata[j];

              if (box->layer == layer)
                append_text_box (out, box, ++n_shown == frame->boxes->len && ports->len == 0);
            }
        }
      for (guint j = 0; j < ports->len; j++)
        {
          g_autofree char *port = describe_port (ports->pdata[j]);

          g_string_append_printf (out, "%s port %s\n", j + 1 == ports->len ? "└─" : "├─", port);
        }
    }
  for (guint i = 0; i < edges->len; i++)
    {
      g_autofree char *demand = describe_edge (edges->pdata[i]);

      g_string_append_printf (out,
                              "%s ── %s: %s\n",
                              dms_edge_get_source (edges->pdata[i]),
                              dms_edge_get_target (edges->pdata[i]),
                              *demand != '\0' ? demand : "no demand");
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* A quoted text of the DOT language. */
static char *
quote_dot (const char *text)
{
  GString *out = g_string_new ("\"");

  for (; *text != '\0'; text++)
    {
      if (*text == '"' || *text == '\\')
        g_string_append_c (out, '\\');
      if (*text == '\n')
        g_string_append (out, "\\n");
      else
        g_string_append_c (out, g_ascii_iscntrl (*text) ? ' ' : *text);
    }
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

static void
append_dot_frame (GString *out, Frame *frame, guint index)
{
  GPtrArray *ports = dms_node_config_get_ports (frame->config);
  g_autofree char *title = describe_node (frame->config);
  g_autofree char *label = quote_dot (title);

  g_string_append_printf (out, "  subgraph cluster_%u {\n    label=%s;\n", index, label);
  for (guint i = 0; i < frame->boxes->len; i++)
    {
      Box *box = frame->boxes->pdata[i];
      g_autofree char *about = describe (box->config);
      g_autofree char *text = g_strdup_printf ("%s\n%s", dms_allocation_config_get_name (box->config), about);
      g_autofree char *name = quote_dot (dms_allocation_config_get_name (box->config));
      g_autofree char *shown = quote_dot (text);

      g_string_append_printf (out, "    %s [label=%s];\n", name, shown);
    }
  g_string_append (out, "  }\n");
  for (guint i = 0; i < frame->boxes->len; i++)
    {
      Box *box = frame->boxes->pdata[i];
      const char *const *targets = dms_allocation_config_get_depends_on (box->config);
      g_autofree char *name = quote_dot (dms_allocation_config_get_name (box->config));

      for (guint j = 0; targets[j] != NULL; j++)
        {
          g_autofree char *target = quote_dot (targets[j]);

          g_string_append_printf (out, "  %s -> %s;\n", target, name);
        }
    }
  for (guint i = 0; i < ports->len; i++)
    {
      g_autofree char *text = describe_port (ports->pdata[i]);
      g_autofree char *shown = quote_dot (text);
      g_autofree char *target = quote_dot (dms_port_config_get_allocation (ports->pdata[i]) != NULL
                                               ? dms_port_config_get_allocation (ports->pdata[i])
                                               : "");

      g_string_append_printf (out, "  port_%u_%u [shape=plaintext, label=%s];\n", index, i, shown);
      g_string_append_printf (out, "  port_%u_%u -> %s [style=dotted];\n", index, i, target);
    }
}

/* name → place in the list, plus one */
static GHashTable *
index_frames (GPtrArray *frames)
{
  GHashTable *places = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < frames->len; i++)
    g_hash_table_insert (places,
                         (gpointer) dms_node_config_get_name (((Frame *) frames->pdata[i])->config),
                         GUINT_TO_POINTER (i + 1));
  return places;
}

/* The ends of an edge are nodes of the ensemble. */
static guint
index_of (GHashTable *places, const char *name)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (places, name)) - 1;
}

char *
dms_ensemble_graph_to_dot (DmsEnsemble *ensemble)
{
  g_autoptr (GString) out = g_string_new ("digraph ensemble {\n  compound=true;\n  node [shape=box];\n");
  g_autoptr (GPtrArray) frames = make_frames (ensemble);
  g_autoptr (GHashTable) places = index_frames (frames);
  GPtrArray *edges = dms_ensemble_get_edges (ensemble);

  for (guint i = 0; i < frames->len; i++)
    append_dot_frame (out, frames->pdata[i], i);
  for (guint i = 0; i < edges->len; i++)
    {
      guint from = index_of (places, dms_edge_get_source (edges->pdata[i]));
      guint to = index_of (places, dms_edge_get_target (edges->pdata[i]));
      Frame *source = frames->pdata[from];
      Frame *target = frames->pdata[to];
      g_autofree char *demand = describe_edge (edges->pdata[i]);
      g_autofree char *label = quote_dot (demand);
      g_autofree char *a = NULL;
      g_autofree char *b = NULL;

      if (source->boxes->len == 0 || target->boxes->len == 0)
        continue;
      a = quote_dot (dms_allocation_config_get_name (((Box *) source->boxes->pdata[0])->config));
      b = quote_dot (dms_allocation_config_get_name (((Box *) target->boxes->pdata[0])->config));
      g_string_append_printf (
          out,
          "  %s -> %s [dir=none, style=dashed, ltail=cluster_%u, lhead=cluster_%u, label=%s];\n",
          a,
          b,
          from,
          to,
          label);
    }
  g_string_append (out, "}\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Sizes first, then places: rows of frames. */
static void
lay_out (GPtrArray *frames, int *width, int *height)
{
  int x = GAP;
  int y = GAP;
  int tallest = 0;

  *width = 0;
  for (guint i = 0; i < frames->len; i++)
    {
      Frame *frame = frames->pdata[i];
      GPtrArray *ports = dms_node_config_get_ports (frame->config);
      g_autofree guint *n_in = g_new0 (guint, frame->n_layers + 1);

      if (i > 0 && i % NODES_PER_ROW == 0)
        {
          x = GAP;
          y += tallest + 2 * GAP;
          tallest = 0;
        }
      frame->x = x;
      frame->y = y;
      for (guint j = 0; j < frame->boxes->len; j++)
        {
          Box *box = frame->boxes->pdata[j];
          guint place = n_in[box->layer]++;

          frame->widest = MAX (frame->widest, place + 1);
          box->x = x + GAP / 2 + (int) place * (BOX_WIDTH + GAP);
          box->y = y + TITLE + (int) box->layer * (BOX_HEIGHT + GAP);
        }
      frame->width = (int) MAX (frame->widest, 1) * (BOX_WIDTH + GAP);
      frame->height = TITLE + (int) MAX (frame->n_layers, 1) * (BOX_HEIGHT + GAP) + (int) ports->len * LINE;
      tallest = MAX (tallest, frame->height);
      x += frame->width + 2 * GAP;
      *width = MAX (*width, x);
    }
  *height = y + tallest + GAP;
}

static void
append_svg_text (GString *out, int x, int y, const char *style, const char *text, glong most)
{
  g_autofree char *cut =
      g_utf8_strlen (text, -1) > most ? g_utf8_substring (text, 0, most - 1) : g_strdup (text);
  g_autofree char *safe = g_markup_escape_text (cut, -1);

  g_string_append_printf (out,
                          "<text x=\"%d\" y=\"%d\" %s>%s%s</text>\n",
                          x,
                          y,
                          style,
                          safe,
                          strlen (cut) < strlen (text) ? "…" : "");
}

static void
append_svg_frame (GString *out, Frame *frame)
{
  GPtrArray *ports = dms_node_config_get_ports (frame->config);
  g_autofree char *title = describe_node (frame->config);

  g_string_append_printf (
      out,
      "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#f4f6f8\" stroke=\"#8896a4\"/>\n",
      frame->x,
      frame->y,
      frame->width,
      frame->height);
  append_svg_text (out, frame->x + 12, frame->y + 20, "font-weight=\"bold\"", title, frame->width / 9);
  for (guint i = 0; i < frame->boxes->len; i++)
    {
      Box *box = frame->boxes->pdata[i];
      const char *const *targets = dms_allocation_config_get_depends_on (box->config);
      g_autofree char *about = describe (box->config);

      for (guint j = 0; targets[j] != NULL; j++)
        {
          Box *target = g_hash_table_lookup (frame->by_name, targets[j]);

          if (target != NULL)
            g_string_append_printf (out,
                                    "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#445566\" "
                                    "marker-end=\"url(#arrow)\"/>\n",
                                    target->x + BOX_WIDTH / 2,
                                    target->y + BOX_HEIGHT,
                                    box->x + BOX_WIDTH / 2,
                                    box->y);
        }
      g_string_append_printf (
          out,
          "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\" stroke=\"#445566\"/>\n",
          box->x,
          box->y,
          BOX_WIDTH,
          BOX_HEIGHT,
          dms_allocation_config_is_task (box->config) ? "#fff3d6" : "#dff0e3");
      append_svg_text (
          out, box->x + 8, box->y + 19, "", dms_allocation_config_get_name (box->config), BOX_WIDTH / 8);
      append_svg_text (
          out, box->x + 8, box->y + 37, "font-size=\"10\" fill=\"#445566\"", about, BOX_WIDTH / 6);
    }
  for (guint i = 0; i < ports->len; i++)
    {
      g_autofree char *port = describe_port (ports->pdata[i]);

      append_svg_text (out,
                       frame->x + 12,
                       frame->y + frame->height - (int) (ports->len - i) * LINE + 8,
                       "font-size=\"11\"",
                       port,
                       frame->width / 7);
    }
}

char *
dms_ensemble_graph_to_svg (DmsEnsemble *ensemble)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GPtrArray) frames = make_frames (ensemble);
  g_autoptr (GHashTable) places = index_frames (frames);
  GPtrArray *edges = dms_ensemble_get_edges (ensemble);
  int width;
  int height;

  lay_out (frames, &width, &height);
  g_string_append_printf (
      out,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
      "markerWidth=\"8\" "
      "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#445566\"/></marker></defs>\n",
      width,
      height);
  for (guint i = 0; i < edges->len; i++)
    {
      Frame *a = frames->pdata[index_of (places, dms_edge_get_source (edges->pdata[i]))];
      Frame *b = frames->pdata[index_of (places, dms_edge_get_target (edges->pdata[i]))];
      g_autofree char *demand = describe_edge (edges->pdata[i]);
      int x1 = a->x + a->width / 2;
      int y1 = a->y + a->height / 2;
      int x2 = b->x + b->width / 2;
      int y2 = b->y + b->height / 2;

      g_string_append_printf (
          out,
          "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#b04040\" stroke-dasharray=\"6 4\"/>\n",
          x1,
          y1,
          x2,
          y2);
      append_svg_text (
          out, (x1 + x2) / 2, MIN (a->y, b->y) - 8, "font-size=\"11\" fill=\"#b04040\"", demand, 40);
    }
  for (guint i = 0; i < frames->len; i++)
    append_svg_frame (out, frames->pdata[i]);
  g_string_append (out, "</svg>\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}
