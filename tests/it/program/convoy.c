/* A mutex that "holder" holds for most of the time, and "waiter" waits for. Prints the seconds that
   "waiter" waited. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static double end;
static double waited;

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double busy(void) {
  unsigned long on_cpu = 0, no_core = 0;
  FILE *file = fopen("/proc/thread-self/schedstat", "r");
  if (file && fscanf(file, "%lu %lu", &on_cpu, &no_core) != 2) no_core = 0;
  if (file) fclose(file);
  return now(CLOCK_THREAD_CPUTIME_ID) + no_core / 1e9;
}

static void *hold(void *unused) {
  pthread_setname_np(pthread_self(), "holder");
  while (now(CLOCK_MONOTONIC) < end) {
    pthread_mutex_lock(&mutex);
    usleep(50000);
    pthread_mutex_unlock(&mutex);
    usleep(5000);
  }
  return unused;
}

static void *wait_for_it(void *unused) {
  pthread_setname_np(pthread_self(), "waiter");
  while (now(CLOCK_MONOTONIC) < end) {
    double from = now(CLOCK_MONOTONIC), work = busy();
    pthread_mutex_lock(&mutex);
    waited += now(CLOCK_MONOTONIC) - from - (busy() - work);
    pthread_mutex_unlock(&mutex);
    usleep(1000);
  }
  return unused;
}

int main(void) {
  pthread_t threads[2];
  end = now(CLOCK_MONOTONIC) + 1.5;
  pthread_create(&threads[0], 0, hold, 0);
  pthread_create(&threads[1], 0, wait_for_it, 0);
  pthread_join(threads[0], 0);
  pthread_join(threads[1], 0);
  printf("%f\n", waited);
  return 0;
}
