/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-process-fixture.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_output (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution =
      dms_process_fixture_start_shell (fixture, "echo out; echo err >&2; exit 7");
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
  g_autofree char *out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_autofree char *err = dms_process_fixture_read_all (execution, DMS_LOG_STDERR);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 7);
  g_assert_false (dms_execution_result_is_success (result));
  g_assert_cmpstr (out, ==, "out\n");
  g_assert_cmpstr (err, ==, "err\n");
  g_assert_cmpint (dms_execution_result_get_started_us (result), >, 0);
  g_assert_cmpint (
      dms_execution_result_get_ended_us (result), >=, dms_execution_result_get_started_us (result));
}

static void
test_success (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (fixture, "{\"cmd\": [\"true\"]}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_true (dms_execution_result_is_success (result));
  g_assert_nonnull (dms_execution_result_get_usage (result));
}

/* Arguments arrive as they are, whatever a shell would make of them. */
static void
test_arguments (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (
      fixture,
      "{\"entrypoint\": [\"printf\", \"[%s]\"], \"cmd\": [\"a b\", \"\", \"$HOME\", \"--\", \"é\\n\"]}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
  g_autofree char *out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);

  g_assert_true (dms_execution_result_is_success (result));
  g_assert_cmpstr (out, ==, "[a b][][$HOME][--][é\n]");
}

static void
test_signal (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "kill -SEGV $$");
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_SIGNALLED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 128 + 11);
  g_assert_nonnull (strstr (dms_execution_result_get_message (result), "signal 11"));
}

/* An exit code that looks like a signal is none. */
static void
test_code_137 (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, "exit 137");
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_EXITED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 137);
}

static void
test_missing_program (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_process_fixture_build (fixture, "{\"cmd\": [\"/no/such/program\"]}");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecution) execution = dms_process_fixture_launch (fixture, builder, &error);
  g_auto (GStrv) handles = dms_process_fixture_list (fixture);

  g_assert_null (execution);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "cannot start “/no/such/program”: No such file or directory"));
  g_assert_cmpuint (g_strv_length (handles), ==, 0);
}

static char *
run_shell (DmsProcessFixture *fixture, const char *script)
{
  g_autoptr (DmsExecution) execution = dms_process_fixture_start_shell (fixture, script);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);

  return dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
}

static void
test_isolation (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *secret = g_build_filename (fixture->directory, "secret", NULL);
  g_autofree char *look =
      g_strdup_printf ("test -e %s && echo seen; test -e /root && echo root; "
                       "test -e /etc/shadow && echo shadow; test -e /sys/kernel && echo sys; true",
                       secret);
  g_autofree char *found = NULL;
  g_autofree char *written = run_shell (fixture,
                                        "touch /usr/x /x /etc/x /run/x /dev/x /proc/x 2>/dev/null; "
                                        "ls -d /usr/x /x /etc/x /run/x /dev/x 2>/dev/null; true");
  g_autofree char *own = run_shell (fixture,
                                    "pwd; id -u; touch f && mkdir d && mv f d/g && echo y > /tmp/t && "
                                    "echo z > /dev/shm/t && cat /tmp/t /dev/shm/t && ls d");
  g_autofree char *processes = run_shell (fixture, "ls -d /proc/[0-9]* | wc -l; hostname");
  g_autofree char *privileges =
      run_shell (fixture, "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status");
  g_autofree char *calls = run_shell (fixture,
                                      "unshare -U true 2>/dev/null && echo user; "
                                      "unshare -m true 2>/dev/null && echo mount; "
                                      "mount -t tmpfs t /mnt 2>/dev/null && echo mounted; "
                                      "hostname other 2>/dev/null && echo renamed; true");

  g_assert_true (g_file_set_contents (secret, "s", 1, NULL));
  found = run_shell (fixture, look);
  g_assert_cmpstr (found, ==, "");
  g_assert_cmpstr (written, ==, "");
  g_assert_cmpstr (own, ==, "/home/job\n1000\ny\nz\ng\n");
  /* The first process, the shell, ls; wc in a pipe. */
  g_assert_cmpint (atoi (processes), <=, 5);
  g_assert_nonnull (strstr (processes, "\nalloc\n"));
  g_assert_nonnull (strstr (privileges, "CapEff:\t0000000000000000"));
  g_assert_nonnull (strstr (privileges, "CapBnd:\t0000000000000000"));
  g_assert_nonnull (strstr (privileges, "NoNewPrivs:\t1"));
  g_assert_nonnull (strstr (privileges, "Seccomp:\t2"));
  g_assert_cmpstr (calls, ==, "");
}

/* The job cannot reach into the process that watches over it. */
static void
test_first_process (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *out = run_shell (fixture,
                                    "kill -9 1; kill -STOP 1; ls /proc/1/fd >/dev/null 2>&1 && echo fds; "
                                    "cat /proc/1/environ >/dev/null 2>&1 && echo environ; "
                                    "cat /proc/1/mem >/dev/null 2>&1 && echo mem; ls /proc/self/fd | wc -l; "
                                    "echo alive");

  /* Its own three descriptors and the one that lists them. */
  g_assert_cmpstr (out, ==, "4\nalive\n");
}

static void
test_no_network (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *none =
      run_shell (fixture,
                 "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; cat /proc/net/route | "
                 "tail -n +2 | wc -l");
  g_autofree char *host_devices = NULL;
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_process_fixture_build (fixture, "{\"cmd\": [\"cat\", \"/proc/net/dev\"], \"network\": \"host\"}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autoptr (DmsExecutionResult) result = dms_process_fixture_wait (execution);
  g_autofree char *host = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_auto (GStrv) lines = NULL;
  g_auto (GStrv) host_lines = NULL;

  g_assert_cmpstr (none, ==, "lo\n0\n");
  g_assert_true (g_file_get_contents ("/proc/net/dev", &host_devices, NULL, NULL));
  lines = g_strsplit (host_devices, "\n", -1);
  host_lines = g_strsplit (host, "\n", -1);
  g_assert_cmpuint (g_strv_length (host_lines), ==, g_strv_length (lines));
}

static void
test_environment (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (
      fixture,
      "{\"cmd\": [\"env\"], \"environment\": [\"SECRET=a b\", \"LANG=C\"], \"working_directory\": \"/tmp\"}");
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autofree char *out = NULL;

  g_setenv ("DMS_TEST_LEAK", "yes", TRUE);
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_nonnull (strstr (out, "SECRET=a b\n"));
  g_assert_nonnull (strstr (out, "LANG=C\n"));
  g_assert_nonnull (strstr (out, "HOME=/home/job\n"));
  g_assert_null (strstr (out, "DMS_"));
}

/* What a command line would show to every user of the machine is not on any. */
static void
test_no_secret_in_arguments (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build (
      fixture, "{\"cmd\": [\"sleep\", \"30\"], \"environment\": [\"K=hunter2secret\"]}");
  g_autoptr (DmsExecution) execution = dms_process_fixture_start (fixture, builder);
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint seen = 0;

  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *text = NULL;
      gsize length = 0;

      if (!g_ascii_isdigit (name[0]) || !g_file_get_contents (path, &text, &length, NULL))
        continue;
      seen += strstr (text, "bwrap") != NULL;
      g_assert_null (memmem (text, length, "hunter2secret", strlen ("hunter2secret")));
    }
  g_assert_cmpuint (seen, >, 0);
}

static void
add_script (DmsExecutionSpecBuilder *builder, const char *name, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (DmsScript) script = dms_script_new (name, bytes);

  dms_execution_spec_builder_add_script (builder, script);
}

static void
test_scripts (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder =
      dms_process_fixture_build_shell (fixture, "echo job; cat made");
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autofree char *out = NULL;

  add_script (builder, "z-first", "#!/bin/sh\necho one; echo by-first > made\n");
  add_script (builder, "a-second", "echo two\n");
  add_script (builder, "third", "#!/usr/bin/env -S cat\nthree\n");
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_true (dms_execution_result_is_success (result));
  g_assert_cmpstr (out, ==, "one\ntwo\n#!/usr/bin/env -S cat\nthree\njob\nby-first\n");
}

static void
test_failing_script (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (fixture, "echo job");
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autofree char *out = NULL;

  add_script (builder, "good", "echo good\n");
  add_script (builder, "bad", "echo bad; exit 5\n");
  add_script (builder, "never", "echo never\n");
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpint (dms_execution_result_get_reason (result), ==, DMS_END_SCRIPT_FAILED);
  g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, 5);
  g_assert_cmpstr (
      dms_execution_result_get_message (result), ==, "provision script “bad” failed with exit code 5");
  g_assert_cmpstr (out, ==, "good\nbad\n");
}

static void
add_key (DmsExecutionSpecBuilder *builder, const char *name, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (DmsScript) key = dms_script_new (name, bytes);

  dms_execution_spec_builder_add_key (builder, key);
}

static void
test_keys (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (
      fixture,
      "cat /etc/key /home/job/key .ssh/authorized_keys; stat -c %a /etc/key .ssh .ssh/authorized_keys");
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  g_autofree char *out = NULL;

  add_key (builder, "/etc/key", "outer\n");
  add_key (builder, "/home/job/key", "inner\n");
  add_key (builder, "ssh:root", "ssh-ed25519 AAAA a");
  add_key (builder, "ssh:root", "ssh-ed25519 BBBB b\n");
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpstr (out, ==, "outer\ninner\nssh-ed25519 AAAA a\nssh-ed25519 BBBB b\n600\n700\n600\n");
}

static char *
make_directory (DmsProcessFixture *fixture, const char *name)
{
  char *path = g_build_filename (fixture->directory, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  return path;
}

/* Volumes lie where only their owner may look, and what a job writes there belongs to that owner. */
static void
test_volumes (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *source = make_directory (fixture, "volume");
  g_autofree char *kept = make_directory (fixture, "kept");
  g_autofree char *given = g_build_filename (kept, "given", NULL);
  g_autofree char *made = g_build_filename (source, "made", NULL);
  g_autofree char *text = NULL;
  g_autofree char *out = NULL;
  g_autoptr (DmsVolume) writable = dms_volume_new ("local", "data", source, "/var/data", FALSE, NULL);
  g_autoptr (DmsVolume) fixed = dms_volume_new ("local", "kept", kept, NULL, TRUE, NULL);
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (
      fixture,
      "cat /kept/given; echo hello > /var/data/made; echo x 2>/dev/null > /kept/new || echo refused");
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  GStatBuf info;

  g_assert_true (g_file_set_contents (given, "given\n", -1, NULL));
  g_assert_cmpint (g_chmod (given, 0644), ==, 0);
  g_assert_cmpint (g_chmod (kept, 0755), ==, 0);
  dms_execution_spec_builder_add_volume (builder, writable);
  dms_execution_spec_builder_add_volume (builder, fixed);
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  g_assert_cmpstr (out, ==, "given\nrefused\n");
  g_assert_true (g_file_get_contents (made, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "hello\n");
  g_assert_cmpint (g_stat (made, &info), ==, 0);
  g_assert_cmpuint (info.st_uid, ==, geteuid ());
}

static void
test_missing_volume (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autoptr (DmsVolume) volume = dms_volume_new ("local", "data", "/no/such/place", "/data", FALSE, NULL);
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_process_fixture_build_shell (fixture, "true");
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsExecution) execution = NULL;

  dms_execution_spec_builder_add_volume (builder, volume);
  execution = dms_process_fixture_launch (fixture, builder, &error);
  g_assert_null (execution);
  g_assert_nonnull (strstr (error->message, "“/no/such/place”"));
}

/* A root of one static program: the first process runs there too. */
static void
test_rootfs (DmsProcessFixture *fixture, gconstpointer data)
{
  g_autofree char *root = make_directory (fixture, "root");
  g_autofree char *bin = make_directory (fixture, "root/bin");
  g_autofree char *etc = make_directory (fixture, "root/etc");
  g_autofree char *busybox = g_find_program_in_path ("busybox");
  g_autofree char *target = g_build_filename (bin, "busybox", NULL);
  g_autofree char *mark = g_build_filename (etc, "mark", NULL);
  g_autofree char *params = NULL;
  g_autofree char *program = NULL;
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (DmsExecutionSpecBuilder) builder = NULL;
  g_autoptr (DmsExecution) execution = NULL;
  g_autoptr (DmsExecutionResult) result = NULL;
  gsize length = 0;

  if (busybox == NULL)
    {
      g_test_skip ("busybox is not installed: apt install busybox-static");
      return;
    }
  g_assert_true (g_file_get_contents (busybox, &program, &length, NULL));
  g_assert_true (g_file_set_contents (target, program, (gssize) length, NULL));
  g_assert_true (g_file_set_contents (mark, "in the given root\n", -1, NULL));
  g_assert_cmpint (g_chmod (target, 0755), ==, 0);
  g_assert_cmpint (g_chmod (mark, 0644), ==, 0);
  g_assert_cmpint (g_chmod (bin, 0755), ==, 0);
  g_assert_cmpint (g_chmod (etc, 0755), ==, 0);
  params = g_strdup_printf (
      "{\"rootfs\": \"%s\", \"cmd\": [\"/bin/busybox\", \"sh\", \"-c\", "
      "\"/bin/busybox cat /etc/mark; [ -e /usr ] && echo usr; echo w > w && /bin/busybox cat w; "
      "echo x > /etc/x\"]}",
      root);
  builder = dms_process_fixture_build (fixture, params);
  execution = dms_process_fixture_start (fixture, builder);
  result = dms_process_fixture_wait (execution);
  out = dms_process_fixture_read_all (execution, DMS_LOG_STDOUT);
  err = dms_process_fixture_read_all (execution, DMS_LOG_STDERR);
  g_assert_cmpstr (out, ==, "in the given root\nw\n");
  g_assert_nonnull (strstr (err, "Read-only file system"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  dms_process_fixture_add ("/executor-process/jobs/output", test_output);
  dms_process_fixture_add ("/executor-process/jobs/success", test_success);
  dms_process_fixture_add ("/executor-process/jobs/arguments", test_arguments);
  dms_process_fixture_add ("/executor-process/jobs/signal", test_signal);
  dms_process_fixture_add ("/executor-process/jobs/code-137", test_code_137);
  dms_process_fixture_add ("/executor-process/jobs/missing-program", test_missing_program);
  dms_process_fixture_add ("/executor-process/jobs/isolation", test_isolation);
  dms_process_fixture_add ("/executor-process/jobs/first-process", test_first_process);
  dms_process_fixture_add ("/executor-process/jobs/network", test_no_network);
  dms_process_fixture_add ("/executor-process/jobs/environment", test_environment);
  dms_process_fixture_add ("/executor-process/jobs/no-secret-in-arguments", test_no_secret_in_arguments);
  dms_process_fixture_add ("/executor-process/jobs/scripts", test_scripts);
  dms_process_fixture_add ("/executor-process/jobs/failing-script", test_failing_script);
  dms_process_fixture_add ("/executor-process/jobs/keys", test_keys);
  dms_process_fixture_add ("/executor-process/jobs/volumes", test_volumes);
  dms_process_fixture_add ("/executor-process/jobs/missing-volume", test_missing_volume);
  dms_process_fixture_add ("/executor-process/jobs/rootfs", test_rootfs);
  return g_test_run ();
}
