/* Five threads that need a lock for a moment, and one that holds it while it sleeps, for five seconds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int stop;

static void work(long microseconds) {
    struct timespec now;
    long end, at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    end = now.tv_sec * 1000000 + now.tv_nsec / 1000 + microseconds;
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        at = now.tv_sec * 1000000 + now.tv_nsec / 1000;
    } while (at < end);
}

static void *indexer(void *unused) {
    while (!stop) {
        pthread_mutex_lock(&lock);
        usleep(30000);
        work(10000);
        pthread_mutex_unlock(&lock);
        usleep(3000);
    }
    return unused;
}

static void *query(void *unused) {
    while (!stop) {
        pthread_mutex_lock(&lock);
        work(300);
        pthread_mutex_unlock(&lock);
        work(2000);
        usleep(2000);
    }
    return unused;
}

int main(void) {
    pthread_t threads[6];
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, i ? "query-%d" : "indexer", i);
        pthread_create(&threads[i], NULL, i ? query : indexer, NULL);
        pthread_setname_np(threads[i], name);
    }
    sleep(5);
    stop = 1;
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
}
