/* A game that embeds Python and keeps its global lock between frames, as Assetto Corsa is said to: the stand-in's host
   inside a C program that waits without giving the lock away. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <time.h>

static PyObject *must(PyObject *object)
{
    if (object == NULL) {
        PyErr_Print();
        exit(1);
    }
    return object;
}

static void wait_holding_the_lock(double seconds)
{
    struct timespec left;
    if (seconds <= 0)
        return;
    left.tv_sec = (time_t)seconds;
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    nanosleep(&left, NULL);
}

int main(int count, char **words)
{
    PyObject *module, *host, *ended, *wait;
    if (count != 2)
        return 2;
    Py_Initialize();
    module = must(PyImport_ImportModule("racegym_assetto_corsa.stand_in.__main__"));
    host = must(PyObject_CallMethod(module, "start", "s", words[1]));
    for (;;) {
        wait = must(PyObject_CallMethod(host, "frame", NULL));
        ended = must(PyObject_GetAttrString(host, "ended"));
        if (PyObject_IsTrue(ended))
            return 0;
        wait_holding_the_lock(PyFloat_AsDouble(wait));
        Py_DECREF(wait);
        Py_DECREF(ended);
    }
}
