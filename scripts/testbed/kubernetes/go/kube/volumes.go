package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	provisionedBy  = "pv.kubernetes.io/provisioned-by"
	provisionerFor = "volume.kubernetes.io/storage-provisioner"
	selectedNode   = "volume.kubernetes.io/selected-node"
)

// hostVolumes gives every claim of its classes a folder of the node, lets a volume grow where the class allows that,
// and removes the folder with the volume.
type hostVolumes struct {
	client       kubernetes.Interface
	folder, name string
	node         string
	claims       corelisters.PersistentVolumeClaimLister
	volumes      corelisters.PersistentVolumeLister
	classes      storagelisters.StorageClassLister
}

func hostVolumesCommand() *cobra.Command {
	var kubeconfig string
	volumes := &hostVolumes{}
	command := &cobra.Command{Use: "host-volumes", SilenceUsage: true, RunE: func(*cobra.Command, []string) error {
		config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return err
		}
		if volumes.client, err = kubernetes.NewForConfig(config); err != nil {
			return err
		}
		volumes.run(context.Background())
		return nil
	}}
	flags := command.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "")
	flags.StringVar(&volumes.folder, "folder", "", "where the folders are made")
	flags.StringVar(&volumes.name, "name", "", "the provisioner that classes name")
	flags.StringVar(&volumes.node, "node", "", "the node whose folders they are")
	return command
}

func (h *hostVolumes) run(ctx context.Context) {
	changed := make(chan struct{}, 1)
	tell := func(any) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	factory := informers.NewSharedInformerFactory(h.client, 0)
	claims, volumes := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	classes := factory.Storage().V1().StorageClasses()
	h.claims, h.volumes, h.classes = claims.Lister(), volumes.Lister(), classes.Lister()
	for _, informer := range []cache.SharedIndexInformer{claims.Informer(), volumes.Informer(), classes.Informer()} {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: tell, UpdateFunc: func(_, now any) { tell(now) }, DeleteFunc: tell,
		})
		if err != nil {
			klog.Fatal(err)
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for range changed {
		h.look(ctx)
	}
}

// look does what there is to do. What fails is done at the next change.
func (h *hostVolumes) look(ctx context.Context) {
	claims, _ := h.claims.List(labels.Everything())
	for _, claim := range claims {
		if claim.Spec.StorageClassName == nil {
			continue
		}
		class, err := h.classes.Get(*claim.Spec.StorageClassName)
		if err != nil || class.Provisioner != h.name {
			continue
		}
		if h.waitsForVolume(claim, class) {
			report(h.provision(ctx, claim, class))
		} else if class.AllowVolumeExpansion != nil && *class.AllowVolumeExpansion {
			report(h.grow(ctx, claim))
		}
	}
	volumes, _ := h.volumes.List(labels.Everything())
	for _, volume := range volumes {
		report(h.reclaim(ctx, volume))
	}
}

func report(err error) {
	if err != nil && !errors.IsAlreadyExists(err) && !errors.IsNotFound(err) && !errors.IsConflict(err) {
		klog.Error(err)
	}
}

func (h *hostVolumes) waitsForVolume(claim *core.PersistentVolumeClaim, class *storage.StorageClass) bool {
	if claim.Spec.VolumeName != "" || claim.Status.Phase != core.ClaimPending || claim.Annotations[provisionerFor] != h.name {
		return false
	}
	atOnce := class.VolumeBindingMode == nil || *class.VolumeBindingMode == storage.VolumeBindingImmediate
	return atOnce || claim.Annotations[selectedNode] != ""
}

func (h *hostVolumes) provision(ctx context.Context, claim *core.PersistentVolumeClaim, class *storage.StorageClass) error {
	path := filepath.Join(h.folder, string(claim.UID))
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	// Whatever user the pod runs as; the umask has no say in it.
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	policy := core.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	here := core.NodeSelectorRequirement{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{h.node}}
	_, err := h.client.CoreV1().PersistentVolumes().Create(ctx, &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: "pvc-" + string(claim.UID), Annotations: map[string]string{provisionedBy: h.name}},
		Spec: core.PersistentVolumeSpec{
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: policy,
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &core.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name,
				UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			PersistentVolumeSource: core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: path}},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{here}}},
			}},
		},
	}, meta.CreateOptions{})
	return err
}

// grow says that the volume is as large as the claim now wants it: a folder has no size of its own.
func (h *hostVolumes) grow(ctx context.Context, claim *core.PersistentVolumeClaim) error {
	wanted := claim.Spec.Resources.Requests[core.ResourceStorage]
	if have := claim.Status.Capacity[core.ResourceStorage]; claim.Status.Phase != core.ClaimBound || wanted.Cmp(have) <= 0 {
		return nil
	}
	volume, err := h.volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return err
	}
	if have := volume.Spec.Capacity[core.ResourceStorage]; wanted.Cmp(have) > 0 {
		larger := volume.DeepCopy()
		larger.Spec.Capacity[core.ResourceStorage] = wanted
		if _, err := h.client.CoreV1().PersistentVolumes().Update(ctx, larger, meta.UpdateOptions{}); err != nil {
			return err
		}
	}
	grown := claim.DeepCopy()
	grown.Status.Capacity[core.ResourceStorage] = wanted
	grown.Status.Conditions = nil
	_, err = h.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, grown, meta.UpdateOptions{})
	return err
}

func (h *hostVolumes) reclaim(ctx context.Context, volume *core.PersistentVolume) error {
	released := volume.Status.Phase == core.VolumeReleased && volume.DeletionTimestamp == nil
	deletes := volume.Spec.PersistentVolumeReclaimPolicy == core.PersistentVolumeReclaimDelete
	if volume.Annotations[provisionedBy] != h.name || !released || !deletes || volume.Spec.HostPath == nil {
		return nil
	}
	if err := os.RemoveAll(volume.Spec.HostPath.Path); err != nil {
		return err
	}
	return h.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
}
