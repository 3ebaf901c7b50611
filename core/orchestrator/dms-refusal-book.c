/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-refusal-book.h"

#include "common/dms-json-object.h"
#include "orchestrator/dms-refusal-relaxations.h"

#include <string.h>

enum
{
  /* Machines that are remembered in a round: more do not change the picture. */
  MAX_PEERS = 1000,
  /* Of each node. */
  MAX_EXAMPLES = 5,
  /* Reasons in the line for people, the most frequent. */
  MAX_REASONS_TOLD = 6,
};

/* A machine that came near. */
typedef struct
{
  char *peer;
  /* How far off: so much of what is asked for is lacking, in all; and more for what no amount mends. */
  double distance;
  /* (element-type utf8) */
  GPtrArray *texts;
} Example;

/* What is known about a node of the ensemble. */
typedef struct
{
  DmsRefusalNeed *need;
  guint n_offers;
  guint n_refusals;
  guint counts[DMS_BID_REFUSAL_N_CODES];
  DmsRefusalRelaxations *relaxations;
  /* (element-type Example) */
  GPtrArray *examples;
  /* (nullable): who was taken */
  char *chosen;
  char *terms;
  double cost;
  guint n_choices;
} Page;

struct _DmsRefusalBook
{
  /* (element-type Page) */
  GPtrArray *pages;
  /* Sets of peers. */
  GHashTable *asked;
  GHashTable *answered;
  /* (nullable): of an earlier run of this node, until there is a new round */
  JsonNode *record;
};

static void
example_free (gpointer data)
{
  Example *example = data;

  g_free (example->peer);
  g_ptr_array_unref (example->texts);
  g_free (example);
}

static void
page_free (gpointer data)
{
  Page *page = data;

  dms_refusal_relaxations_free (page->relaxations);
  dms_refusal_need_free (page->need);
  g_ptr_array_unref (page->examples);
  g_free (page->chosen);
  g_free (page->terms);
  g_free (page);
}

DmsRefusalBook *
dms_refusal_book_new (void)
{
  DmsRefusalBook *self = g_new0 (DmsRefusalBook, 1);

  self->pages = g_ptr_array_new_with_free_func (page_free);
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
dms_refusal_book_free (DmsRefusalBook *self)
{
  g_ptr_array_unref (self->pages);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->answered);
  g_clear_pointer (&self->record, json_node_unref);
  g_free (self);
}

void
dms_refusal_book_begin (DmsRefusalBook *self, GPtrArray *needs)
{
  g_ptr_array_set_size (self->pages, 0);
  g_hash_table_remove_all (self->asked);
  g_hash_table_remove_all (self->answered);
  g_clear_pointer (&self->record, json_node_unref);
  for (guint i = 0; i < needs->len; i++)
    {
      Page *page = g_new0 (Page, 1);

      page->need = dms_refusal_need_copy (needs->pdata[i]);
      page->relaxations = dms_refusal_relaxations_new (page->need);
      page->examples = g_ptr_array_new_with_free_func (example_free);
      g_ptr_array_add (self->pages, page);
    }
}

gboolean
dms_refusal_book_has_round (DmsRefusalBook *self)
{
  return self->pages->len > 0;
}

/* (nullable) */
static Page *
find_page (DmsRefusalBook *self, const char *node)
{
  for (guint i = 0; i < self->pages->len; i++)
    {
      Page *page = self->pages->pdata[i];

      if (strcmp (page->need->node, node) == 0)
        return page;
    }
  return NULL;
}

static gboolean
remember (GHashTable *peers, const char *peer)
{
  return g_hash_table_size (peers) < MAX_PEERS && g_hash_table_add (peers, g_strdup (peer));
}

void
dms_refusal_book_add_asked (DmsRefusalBook *self, const char *peer)
{
  remember (self->asked, peer);
}

void
dms_refusal_book_add_offer (DmsRefusalBook *self, const char *peer, const char *node)
{
  Page *page = find_page (self, node);

  if (page != NULL && remember (self->answered, peer))
    page->n_offers++;
}

/* Adding */

/* What is said of the machine as a whole is about every node. */
static gboolean
is_about_all (DmsBidRefusalCode code)
{
  return code == DMS_BID_REFUSAL_NOT_GRANTED || code == DMS_BID_REFUSAL_NOT_READY ||
         code == DMS_BID_REFUSAL_NOT_ONBOARDED || code == DMS_BID_REFUSAL_CONTRACT;
}

static gboolean
is_about (const DmsBidRefusalReason *reason, Page *page)
{
  gboolean named = strcmp (reason->node, page->need->node) == 0;

  return (is_about_all (reason->code) ? named || reason->node[0] == '\0' : named) &&
         dms_refusal_need_believes (page->need, reason);
}

static int
compare_examples (gconstpointer a, gconstpointer b)
{
  double left = (*(Example *const *) a)->distance;
  double right = (*(Example *const *) b)->distance;

  return (left > right) - (left < right);
}

/* example: (transfer full) */
static void
keep_example (Page *page, Example *example)
{
  g_ptr_array_add (page->examples, example);
  g_ptr_array_sort (page->examples, compare_examples);
  if (page->examples->len > MAX_EXAMPLES)
    g_ptr_array_set_size (page->examples, MAX_EXAMPLES);
}

static double
get_distance (Page *page, const DmsBidRefusalReason *reason)
{
  double required = dms_refusal_need_get_amount (page->need, reason);

  /* Older is nearer than nothing. */
  if (reason->code == DMS_BID_REFUSAL_LIBRARY && reason->version != NULL)
    return 1;
  if (dms_bid_refusal_code_get_unit (reason->code) == NULL || required <= 0 || reason->offered <= 0)
    return 2;
  return dms_bid_refusal_code_is_ceiling (reason->code) ? 1 - required / reason->offered
                                                        : 1 - reason->offered / required;
}

/* Whether any of it is about this node. */
static gboolean
add_to_page (Page *page, const char *peer, DmsBidRefusal *refusal)
{
  const DmsBidRefusalReason *first = NULL;
  Example *example = g_new0 (Example, 1);
  gboolean alone = TRUE;

  example->peer = g_strdup (peer);
  example->texts = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < dms_bid_refusal_get_n_reasons (refusal); i++)
    {
      const DmsBidRefusalReason *reason = dms_bid_refusal_get_reason (refusal, i);

      if (!is_about (reason, page))
        continue;
      alone = alone && first == NULL;
      first = first != NULL ? first : reason;
      example->distance += get_distance (page, reason);
      g_ptr_array_add (example->texts, dms_refusal_need_describe (page->need, reason));
    }
  if (first == NULL)
    {
      example_free (example);
      return FALSE;
    }
  page->n_refusals++;
  page->counts[first->code]++;
  if (alone)
    dms_refusal_relaxations_count (page->relaxations, first);
  keep_example (page, example);
  return TRUE;
}

gboolean
dms_refusal_book_add (DmsRefusalBook *self, const char *peer, DmsBidRefusal *refusal)
{
  gboolean counts = FALSE;

  if (g_hash_table_contains (self->answered, peer) || g_hash_table_size (self->answered) >= MAX_PEERS)
    return FALSE;
  for (guint i = 0; i < self->pages->len; i++)
    counts = add_to_page (self->pages->pdata[i], peer, refusal) || counts;
  if (counts)
    remember (self->answered, peer);
  return counts;
}

guint
dms_refusal_book_count_silent (DmsRefusalBook *self)
{
  GHashTableIter iter;
  gpointer peer;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->asked);
  while (g_hash_table_iter_next (&iter, &peer, NULL))
    n += !g_hash_table_contains (self->answered, peer);
  return n;
}

void
dms_refusal_book_choose (DmsRefusalBook *self,
                         const char *node,
                         const char *peer,
                         double cost,
                         guint n_offers,
                         const char *terms)
{
  Page *page = find_page (self, node);

  if (page == NULL)
    return;
  g_free (page->chosen);
  g_free (page->terms);
  page->chosen = g_strdup (peer);
  page->terms = g_strdup (terms);
  page->cost = cost;
  page->n_choices = n_offers;
}

/* What an amount is called, when it is to be less of it. */
static const char *
get_label (DmsBidRefusalCode code)
{
  switch (code)
    {
    case DMS_BID_REFUSAL_CPU:
      return "CPU";
    case DMS_BID_REFUSAL_RAM:
      return "RAM";
    case DMS_BID_REFUSAL_DISK:
      return "disk";
    case DMS_BID_REFUSAL_GPU:
      return "GPU memory";
    default:
      return dms_bid_refusal_code_to_string (code);
    }
}

/* Telling */

static int
compare_counts (gconstpointer a, gconstpointer b, gpointer user_data)
{
  Page *page = user_data;
  guint left = page->counts[*(const guint *) a];
  guint right = page->counts[*(const guint *) b];

  return (left < right) - (left > right);
}

/* (transfer full) (element-type guint): codes that were given, the most frequent first. */
static GArray *
list_codes (Page *page)
{
  GArray *codes = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint code = 0; code < DMS_BID_REFUSAL_N_CODES; code++)
    {
      if (page->counts[code] > 0)
        g_array_append_val (codes, code);
    }
  g_array_sort_with_data (codes, compare_counts, page);
  return codes;
}

static void
append_reasons (GString *text, Page *page)
{
  g_autoptr (GArray) codes = list_codes (page);
  guint n_rest = 0;

  for (guint i = 0; i < codes->len; i++)
    {
      guint code = g_array_index (codes, guint, i);

      if (i < MAX_REASONS_TOLD)
        g_string_append_printf (
            text, ", %u %s", page->counts[code], dms_bid_refusal_code_describe ((DmsBidRefusalCode) code));
      else
        n_rest += page->counts[code];
    }
  if (n_rest > 0)
    g_string_append_printf (text, ", %u for other reasons", n_rest);
}

static void
append_relaxations (GString *text, Page *page)
{
  g_autoptr (GPtrArray) list = dms_refusal_relaxations_list (page->relaxations);

  for (guint i = 0; i < list->len && page->n_offers == 0; i++)
    {
      DmsRelaxation *one = list->pdata[i];

      g_string_append_printf (text,
                              "%s%s to %s for %u %s",
                              i == 0 ? "; relax " : ", or ",
                              get_label (one->code),
                              one->text,
                              one->n_peers,
                              one->n_peers == 1 ? "host" : "hosts");
    }
}

static void
append_page (DmsRefusalBook *self, GString *text, Page *page)
{
  guint n_silent = dms_refusal_book_count_silent (self);
  gsize begin;

  if (self->pages->len > 1)
    g_string_append_printf (text, "%snode “%s”: ", text->len > 0 ? ". " : "", page->need->node);
  g_string_append_printf (text, "%u asked:", page->n_offers + page->n_refusals + n_silent);
  begin = text->len;
  if (page->n_offers > 0)
    g_string_append_printf (text, ", %u offered", page->n_offers);
  append_reasons (text, page);
  if (n_silent > 0)
    g_string_append_printf (text, ", %u without an answer", n_silent);
  if (text->len == begin)
    g_string_append (text, ", nobody answered");
  /* The first of them needs no comma. */
  g_string_erase (text, (gssize) begin, 1);
  append_relaxations (text, page);
  if (page->chosen != NULL)
    g_string_append_printf (text,
                            "; %.64s was taken of %u%s%s",
                            page->chosen,
                            page->n_choices,
                            page->terms[0] != '\0' ? ": " : "",
                            page->terms);
}

char *
dms_refusal_book_describe (DmsRefusalBook *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->record != NULL)
    return g_strdup (dms_refusal_book_get_text (self->record));
  for (guint i = 0; i < self->pages->len; i++)
    append_page (self, text, self->pages->pdata[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static JsonArray *
write_reasons (Page *page)
{
  g_autoptr (GArray) codes = list_codes (page);
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < codes->len; i++)
    {
      guint code = g_array_index (codes, guint, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (
          object, "code", dms_bid_refusal_code_to_string ((DmsBidRefusalCode) code));
      json_object_set_string_member (
          object, "text", dms_bid_refusal_code_describe ((DmsBidRefusalCode) code));
      json_object_set_int_member (object, "count", page->counts[code]);
      json_array_add_object_element (list, object);
    }
  return list;
}

static JsonObject *
write_relaxation (DmsRelaxation *one)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "code", dms_bid_refusal_code_to_string (one->code));
  if (one->field[0] != '\0')
    json_object_set_string_member (object, "field", one->field);
  if (one->required > 0 && one->amount > 0)
    {
      json_object_set_double_member (object, "required", one->required);
      json_object_set_double_member (object, "to", one->amount);
      json_object_set_string_member (object, "unit", dms_bid_refusal_code_get_unit (one->code));
    }
  json_object_set_string_member (object, "text", one->text);
  json_object_set_int_member (object, "hosts", one->n_peers);
  return object;
}

static JsonArray *
write_relaxations (Page *page)
{
  g_autoptr (GPtrArray) found = dms_refusal_relaxations_list (page->relaxations);
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < found->len; i++)
    json_array_add_object_element (list, write_relaxation (found->pdata[i]));
  return list;
}

static JsonArray *
write_examples (Page *page)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < page->examples->len; i++)
    {
      Example *example = page->examples->pdata[i];
      JsonObject *object = json_object_new ();
      JsonArray *texts = json_array_new ();

      for (guint j = 0; j < example->texts->len; j++)
        json_array_add_string_element (texts, example->texts->pdata[j]);
      json_object_set_string_member (object, "peer", example->peer);
      json_object_set_array_member (object, "reasons", texts);
      json_array_add_object_element (list, object);
    }
  return list;
}

static JsonObject *
write_page (Page *page)
{
  JsonObject *object = json_object_new ();
  JsonObject *chosen;

  json_object_set_string_member (object, "node", page->need->node);
  json_object_set_int_member (object, "offers", page->n_offers);
  json_object_set_int_member (object, "refusals", page->n_refusals);
  json_object_set_array_member (object, "reasons", write_reasons (page));
  json_object_set_array_member (object, "relax", write_relaxations (page));
  json_object_set_array_member (object, "nearest", write_examples (page));
  if (page->chosen == NULL)
    return object;
  chosen = json_object_new ();
  json_object_set_string_member (chosen, "peer", page->chosen);
  json_object_set_double_member (chosen, "cost", page->cost);
  json_object_set_int_member (chosen, "of", page->n_choices);
  json_object_set_string_member (chosen, "terms", page->terms);
  json_object_set_object_member (object, "chosen", chosen);
  return object;
}

JsonNode *
dms_refusal_book_to_json (DmsRefusalBook *self)
{
  g_autofree char *text = NULL;
  JsonNode *node;
  JsonObject *object;
  JsonArray *pages;

  if (self->record != NULL)
    return json_node_copy (self->record);
  text = dms_refusal_book_describe (self);
  node = json_node_new (JSON_NODE_OBJECT);
  object = json_object_new ();
  pages = json_array_new ();
  for (guint i = 0; i < self->pages->len; i++)
    json_array_add_object_element (pages, write_page (self->pages->pdata[i]));
  json_object_set_string_member (object, "text", text);
  json_object_set_int_member (
      object, "asked", dms_refusal_book_count_silent (self) + g_hash_table_size (self->answered));
  json_object_set_int_member (object, "answered", g_hash_table_size (self->answered));
  json_object_set_array_member (object, "nodes", pages);
  json_node_take_object (node, object);
  return node;
}

void
dms_refusal_book_read (DmsRefusalBook *self, JsonNode *node)
{
  g_clear_pointer (&self->record, json_node_unref);
  if (dms_refusal_book_get_text (node) != NULL)
    self->record = json_node_copy (node);
}

const char *
dms_refusal_book_get_text (JsonNode *record)
{
  return dms_json_object_get_text (dms_json_node_get_child (record), "text");
}
